import { DOMAIN } from "../../shared/canonical/domain.ts";
import {
  type Appointment,
  appointmentBytes,
  latestAppointment,
  nextAppointment,
} from "../../shared/poolq/appointment.ts";
import { createMessageVerifier } from "../../shared/poolq/verify_message.ts";
import { type Allocator, type AllocatorWriter, readAllocator } from "./allocator.ts";
import { higherHead } from "./choose_start.ts";
import { explainStorage } from "./explain_storage.ts";
import { HeldLock } from "./held_lock.ts";
import type { KnownHead } from "./known_head.ts";
import { makeOwnFolder } from "./own_folder.ts";
import type { OwnTopic } from "./own_log.ts";
import { type PoolqPaths, poolqPaths } from "./poolq_paths.ts";
import type { MessageSigner, PostContext } from "./post_context.ts";
import { findOwnTopic, type OwnTopicName } from "./topic_reference.ts";

/** What the fleet and this machine say of a topic. */
export interface KnownTopic {
  /** The highest; absent if nobody knows one. */
  readonly head?: KnownHead;
  /** Not verified. */
  readonly appointments: readonly unknown[];
  /** The envoy that a home of this machine named; empty if none did. */
  readonly writer: string;
  /**
   * The last seq that the fleet knows, where that is before the head which this machine remembers: what lies between is lost
   * to it, as when the daemon lost what it held and the server was restored.
   */
  readonly lostAfterSeq?: number;
}

/** Has the puddle sign that an envoy writes a topic from now on. */
export async function appoint(
  signer: MessageSigner,
  appointed: Omit<Parameters<typeof nextAppointment>[0], "author">,
): Promise<Appointment> {
  const unsigned = nextAppointment({ ...appointed, author: signer.publicKey });
  const signature = await signer.sign(DOMAIN.poolqWriter, appointmentBytes(unsigned));
  return { ...unsigned, signature: signature.toHex() };
}

/** Names and places of a user's topics, for what changes them. */
export class OwnTopics {
  readonly paths: PoolqPaths;

  constructor(readonly context: PostContext) {
    this.paths = poolqPaths(context.home);
  }

  /** The topic that a bare name means. */
  find(name: string): Promise<OwnTopicName> {
    const { puddle, remembered, fleet } = this.context;
    return findOwnTopic(name, puddle.foundingKeys, async (id) => {
      if (remembered.has(id)) return true;
      if (readAllocator(this.paths.topic(id)).kind !== "absent") return true;
      // One key means one topic, whether anybody knows it or not.
      return puddle.foundingKeys.length > 1 && await fleet.findHead(id) !== undefined;
    });
  }

  /** What is known of a topic outside the home. */
  async known(id: string): Promise<KnownTopic> {
    const found = await this.context.fleet.findHead(id);
    const remembered = this.context.remembered.get(id);
    const head = higherHead(
      found && found.headSeq > 0 ? { seq: found.headSeq, id: found.headId } : undefined,
      remembered && { seq: remembered.seq, id: remembered.id },
    );
    const isLost = found !== undefined && found.headSeq < (remembered?.seq ?? 0);
    return {
      ...(head ? { head } : {}),
      ...(isLost ? { lostAfterSeq: found.headSeq } : {}),
      appointments: [...found?.appointments ?? [], remembered?.appointment],
      writer: remembered?.writer ?? "",
    };
  }

  /**
   * Who writes a topic: the envoy that the puddle appointed last, of all that is known; where it appointed nobody, whom this
   * home or this machine names.
   */
  writer(
    { id, founder }: Pick<OwnTopic, "id" | "founder">,
    { appointments, writer }: KnownTopic,
    local?: Allocator,
  ): AllocatorWriter {
    const topic = { topicId: id, founder, authors: this.context.puddle.chain };
    const appointment = latestAppointment([local?.appointment, ...appointments], topic);
    if (appointment) return { writer: appointment.writer, appointment };
    return { writer: local?.writer ?? writer };
  }

  /** Holds a topic's folder, which is made if need be. */
  async lock({ id, name, founder }: OwnTopicName): Promise<OwnTopic & Disposable> {
    const { notice, puddle, signal } = this.context;
    const paths = this.paths.topic(id);
    const lock = await explainStorage(`use topic "${name}"`, this.paths.folder, async () => {
      makeOwnFolder(this.paths.folder);
      makeOwnFolder(paths.folder);
      return await HeldLock.take(paths.lock, signal);
    });
    return {
      id,
      name,
      founder,
      paths,
      authors: puddle.chain,
      verify: createMessageVerifier(),
      notice,
      lock,
      [Symbol.dispose]: () => lock[Symbol.dispose](),
    };
  }
}

import type { Sha256 } from "../../shared/crypto/sha256.ts";
import { DOMAIN } from "../../shared/canonical/domain.ts";
import { type Message, messageBytes, messageId, NO_PREVIOUS } from "../../shared/poolq/message.ts";
import { createMessageVerifier } from "../../shared/poolq/verify_message.ts";
import { UserError } from "../../shared/terminal/user_error.ts";
import { EXIT_CODE } from "../../shared/terminal/exit_code.ts";
import type { Puddle } from "../puddle/puddle_home.ts";
import { storageFault } from "../store/storage_fault.ts";
import { noteOf, readAllocator } from "./allocator.ts";
import { choosePostStart, higherHead } from "./choose_start.ts";
import { fetchMissing } from "./fetch_missing.ts";
import { explainStorage } from "./explain_storage.ts";
import type { FleetView } from "./fleet_view.ts";
import { HeldLock } from "./held_lock.ts";
import type { KnownHead } from "./known_head.ts";
import type { NamedMessage } from "./message_files.ts";
import { nextMessageTime } from "./message_time.ts";
import { makeOwnFolder } from "./own_folder.ts";
import type { OwnTopic } from "./own_log.ts";
import { type PoolqPaths, poolqPaths } from "./poolq_paths.ts";
import { POST_STEPS, type PostSteps } from "./post_steps.ts";
import { repairTopic } from "./repair.ts";
import { findOwnTopic, type OwnTopicName } from "./topic_reference.ts";

/** Signs with this user's present key: the session of the puddle does. */
export interface MessageSigner {
  /** 64 lowercase hex digits. */
  readonly publicKey: string;
  sign(tag: string, bytes: Uint8Array): Promise<Uint8Array>;
}

/** What posting needs to know and to reach. */
export interface PostContext {
  /** Of the user. */
  readonly home: string;
  readonly user: string;
  /** Of this envoy, as enrolled. */
  readonly hostname: string;
  readonly puddle: Puddle;
  readonly fleet: FleetView;
  /** What this machine remembers of the user's topics, by id. */
  readonly remembered: ReadonlyMap<string, KnownHead>;
  /** In ms since 1970, and whether it is the fleet's time or this machine's own. */
  readonly clock: () => { readonly nowMs: number; readonly isCorrected: boolean };
  readonly notice: (text: string) => void;
  readonly signal: AbortSignal;
  readonly steps?: PostSteps;
}

/** What was posted: all of it, durably. */
export interface Posted {
  readonly topic: OwnTopicName;
  readonly messages: readonly { readonly seq: number; readonly id: Sha256 }[];
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
      if ((await readAllocator(this.paths.topic(id))).kind !== "absent") return true;
      // One key means one topic, whether anybody knows it or not.
      return puddle.foundingKeys.length > 1 && await fleet.findHead(id) !== undefined;
    });
  }

  /** The highest head that is known outside the home. */
  async knownHead(id: string): Promise<KnownHead | undefined> {
    const head = await this.context.fleet.findHead(id);
    const known = head && head.headSeq > 0
      ? { seq: head.headSeq, id: head.headId, writer: head.writer }
      : undefined;
    return higherHead(known, this.context.remembered.get(id));
  }

  /** Holds a topic's folder, which is made if need be. */
  async lock({ id, name }: OwnTopicName): Promise<OwnTopic & Disposable> {
    const { notice, puddle, signal } = this.context;
    const paths = this.paths.topic(id);
    const lock = await explainStorage(`use topic "${name}"`, this.paths.folder, async () => {
      await makeOwnFolder(this.paths.folder);
      await makeOwnFolder(paths.folder);
      return await HeldLock.take(paths.lock, signal);
    });
    return {
      id,
      name,
      paths,
      authors: puddle.chain,
      verify: createMessageVerifier(),
      notice,
      lock,
      [Symbol.dispose]: () => lock[Symbol.dispose](),
    };
  }
}

/**
 * Posts bodies to a topic, in their order, in one durable step: when this returns, they are there, whatever happens to the
 * machine; when it throws, either none of them ever will be, or the error says that the next post finishes them.
 *
 * The caller has checked the name, the bodies and the user's rights.
 *
 * @throws {UserError} with what to do.
 */
export async function postMessages(
  context: PostContext,
  signer: MessageSigner,
  topicName: string,
  bodies: readonly string[],
): Promise<Posted> {
  const topics = new OwnTopics(context);
  const found = await topics.find(topicName);
  const known = await topics.knownHead(found.id);
  using topic = await topics.lock(found);
  const previous = await findPlace(context, topic, known);
  const messages = await signAll(context, signer, found, previous, bodies);
  await finish(context, topic, messages);
  return { topic: found, messages: messages.map(({ id, message }) => ({ id, seq: message.seq })) };
}

interface Previous {
  readonly seq: number;
  readonly id: string;
  readonly postedAtMs: number;
}

/** What the next message follows, after everything was repaired that needs it. */
async function findPlace(
  context: PostContext,
  topic: OwnTopic,
  known: KnownHead | undefined,
): Promise<Previous> {
  const { hostname, fleet } = context;
  let local = await explainStorage(
    `post to "${topic.name}"`,
    topic.paths.folder,
    () => repairTopic(topic, known?.writer ?? hostname),
  );
  const start = choosePostStart({
    topicName: topic.name,
    hostname,
    ...(local
      ? { local: { seq: local.last_seq, id: local.last_msg_id, writer: local.writer } }
      : {}),
    ...(known ? { known } : {}),
  });
  if (start.kind === "behind" && local) local = await fetchMissing(topic, fleet, local, start.head);
  if (start.kind === "known") {
    return { ...start.head, postedAtMs: await timeOf(topic, fleet, start.head) };
  }
  if (!local) return { seq: 0, id: NO_PREVIOUS, postedAtMs: 0 };
  return { seq: local.last_seq, id: local.last_msg_id, postedAtMs: local.last_posted_at_ms };
}

/** When a message of the fleet was posted; 0 if it cannot be had, and then times may run back once. */
async function timeOf(topic: OwnTopic, fleet: FleetView, { seq, id }: KnownHead): Promise<number> {
  try {
    const range = await fleet.range(topic.id, { from: seq, limit: 1 });
    const verdict = topic.verify(range?.messages[0] ?? "", { id, topicId: topic.id });
    return verdict.ok ? verdict.verified.message.posted_at_ms : 0;
  } catch (error) {
    if (error instanceof UserError) return 0;
    throw error;
  }
}

/** An id does not depend on a signature, so a whole chain is made first and signed at once. */
async function signAll(
  { clock, puddle }: PostContext,
  signer: MessageSigner,
  topic: OwnTopicName,
  previous: Previous,
  bodies: readonly string[],
): Promise<NamedMessage[]> {
  const { nowMs, isCorrected } = clock();
  const author = signer.publicKey;
  const { founder, name } = topic;
  const mayWrite = puddle.chain.judge({
    topicId: topic.id,
    founder,
    author,
    seq: previous.seq + 1,
  });
  if (!mayWrite.ok) {
    throw new UserError(`Cannot post to "${name}": ${mayWrite.reason}`, {
      exitCode: EXIT_CODE.refused,
    });
  }
  let before = previous;
  const unsigned = bodies.map((body) => {
    const timeMs = nextMessageTime(name, before.postedAtMs, nowMs, isCorrected);
    const message = {
      schema_version: 1 as const,
      topic_name: name,
      founder_pubkey: founder as Message["founder_pubkey"],
      author_pubkey: author as Message["author_pubkey"],
      seq: before.seq + 1,
      posted_at_ms: timeMs,
      prev: before.id as Message["prev"],
      body,
    };
    const id = messageId(message);
    before = { seq: message.seq, id, postedAtMs: timeMs };
    return { id, message };
  });
  return await Promise.all(unsigned.map(async ({ id, message }) => {
    const signature = await signer.sign(DOMAIN.poolqMessage, messageBytes(message));
    return { id, message: { ...message, signature: signature.toHex() } };
  }));
}

async function finish(
  { hostname, steps = POST_STEPS }: PostContext,
  { name, paths, lock }: OwnTopic,
  messages: readonly NamedMessage[],
): Promise<void> {
  try {
    await steps.writePending(paths, messages);
  } catch (error) {
    const fault = storageFault(error);
    if (fault === undefined) throw error;
    throw new UserError(`Cannot post to "${name}": ${fault}. Nothing was posted`, {
      exitCode: EXIT_CODE.failed,
      cause: error,
    });
  }
  try {
    await steps.placeMessages(paths, messages);
    await steps.countMessages(paths, hostname, messages);
  } catch (error) {
    const fault = storageFault(error);
    if (fault === undefined) throw error;
    throw new UserError(
      `Cannot finish posting to "${name}": ${fault}. What was to be posted is kept in ${paths.pending}, and the next post puts it first: make room, and do not post it again`,
      { exitCode: EXIT_CODE.failed, cause: error },
    );
  }
  await steps.removePending(paths);
  const last = messages.at(-1);
  if (last) await lock.writeNote(noteOf({ last_seq: last.message.seq, last_msg_id: last.id }));
}

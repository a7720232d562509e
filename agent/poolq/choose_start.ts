import { UserError } from "../../shared/terminal/user_error.ts";
import { EXIT_CODE } from "../../shared/terminal/exit_code.ts";
import type { KnownHead } from "./known_head.ts";

/** Where the next message of a topic goes. */
export type PostStart =
  /** The topic is new. */
  | { readonly kind: "new" }
  /** After what this home has. */
  | { readonly kind: "local" }
  /** After a head that this home has never had, or has no more: its messages are elsewhere. */
  | { readonly kind: "known"; readonly head: KnownHead }
  /** After a head that this home, written from here, once had: what lies between has to come back first. */
  | { readonly kind: "behind"; readonly head: KnownHead };

/** What is known of a topic in different places. */
export interface PostSituation {
  readonly topicName: string;
  /** This envoy. */
  readonly hostname: string;
  /** The envoy that writes the topic, as far as anybody says so; empty if nobody does. */
  readonly writer: string;
  /** What this home's allocator counts. */
  readonly local?: KnownHead;
  /** The highest that the fleet knows, or this machine remembers. */
  readonly known?: KnownHead;
}

/**
 * Decides whether this envoy may post to a topic, and after which message. One envoy writes a topic.
 *
 * @throws {UserError} naming the envoy that writes, and how to make this one the writer; or that there are two histories.
 */
export function choosePostStart(situation: PostSituation): PostStart {
  const { topicName, hostname, writer, local, known } = situation;
  if (!local && !known) return { kind: "new" };
  if (local && known && known.seq === local.seq && known.id !== local.id) {
    throw new UserError(
      `Cannot post to "${topicName}": this home and the fleet know different messages with seq ${local.seq} (${
        local.id.slice(0, 12)
      } and ${
        known.id.slice(0, 12)
      }), so it was posted to from two machines. Readers stop there; go on with a topic of another name`,
      { exitCode: EXIT_CODE.refused },
    );
  }
  if (writer !== hostname) throw writtenElsewhere(topicName, writer, hostname);
  if (!known || (local && known.seq <= local.seq)) return { kind: "local" };
  return local ? { kind: "behind", head: known } : { kind: "known", head: known };
}

function writtenElsewhere(topicName: string, writer: string, hostname: string): UserError {
  return new UserError(
    `Cannot post here: topic ${topicName} is written from ${
      writer || "another envoy"
    }; post there, or run there: vigo swarm poolq move ${topicName} --to ${hostname}. If that envoy is gone for good, run here: vigo swarm poolq move ${topicName} --lost-writer`,
    { exitCode: EXIT_CODE.refused },
  );
}

/** The higher of two heads; the first where both know the same seq. */
export function higherHead(
  fleet: KnownHead | undefined,
  remembered: KnownHead | undefined,
): KnownHead | undefined {
  if (!fleet || !remembered) return fleet ?? remembered;
  return remembered.seq > fleet.seq ? remembered : fleet;
}

import { rmSync } from "node:fs";
import { writeFileDurableSync } from "../../shared/platform/durable_write.ts";
import { MAX_MESSAGE_JSON_BYTES } from "../../shared/poolq/limits.ts";
import { messageLine } from "../../shared/poolq/message.ts";
import type { MessageVerifier } from "../../shared/poolq/verify_message.ts";
import { readUserFile } from "../user_scan/user_file.ts";
import { damageOf } from "./damage.ts";
import type { NamedMessage } from "./message_files.ts";
import type { TopicPaths } from "./poolq_paths.ts";

/** Most messages that are posted in one durable step. */
export const MAX_BATCH_MESSAGES = 1000;
/** Most bytes of such a step, as JSON. */
export const MAX_BATCH_BYTES = 64 * 1024 * 1024;

export type Pending =
  | { readonly kind: "absent" }
  | { readonly kind: "damaged"; readonly reason: string }
  | { readonly kind: "found"; readonly messages: readonly NamedMessage[] };

/** Writes down durably what is going to be posted: from here on, the messages are posted sooner or later. */
export function writePending(
  paths: TopicPaths,
  messages: readonly NamedMessage[],
): void {
  const text = messages.map(({ message }) => messageLine(message)).join("");
  writeFileDurableSync(paths.pending, text, { mode: 0o600 });
}

/** What an earlier post was about to do. It counts only as a whole: all its messages verify and follow each other. */
export function readPending(
  paths: TopicPaths,
  topicId: string,
  verify: MessageVerifier,
): Pending {
  let text: string;
  try {
    const bytes = readUserFile(paths.pending, MAX_BATCH_BYTES + MAX_MESSAGE_JSON_BYTES);
    if (bytes === undefined) return { kind: "absent" };
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (error) {
    return { kind: "damaged", reason: error instanceof TypeError ? "not UTF-8" : damageOf(error) };
  }
  if (!text.endsWith("\n")) return { kind: "damaged", reason: "it is cut off" };
  const messages: NamedMessage[] = [];
  for (const line of text.slice(0, -1).split("\n")) {
    const verdict = verify(line, { topicId });
    if (!verdict.ok) return { kind: "damaged", reason: verdict.reason };
    const { id, message } = verdict.verified;
    const before = messages.at(-1);
    if (before && (message.seq !== before.message.seq + 1 || message.prev !== before.id)) {
      return { kind: "damaged", reason: "its messages do not follow each other" };
    }
    messages.push({ id, message });
  }
  return { kind: "found", messages };
}

/** What was pending has its place. */
export function removePending(paths: TopicPaths): void {
  rmSync(paths.pending, { force: true });
}

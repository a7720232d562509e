import type { Signer } from "../crypto/ed25519.ts";
import { type Appointment, appointmentBytes } from "./appointment.ts";
import { type Message, messageBytes, messageId, NO_PREVIOUS } from "./message.ts";
import { topicId } from "./topic.ts";

/** What differs from the plain next message of a topic that its signer founded. */
export type MessageChanges = Partial<Omit<Message, "signature">>;

/** For tests: a signed message, by default the first of `build-tasks`. */
export function signedMessage(signer: Signer, changes: MessageChanges = {}): Message {
  const key = signer.publicKey.toHex() as Message["founder_pubkey"];
  const unsigned = {
    schema_version: 1,
    topic_name: "build-tasks",
    founder_pubkey: key,
    author_pubkey: key,
    seq: 1,
    posted_at_ms: 1_780_000_000_000,
    prev: NO_PREVIOUS,
    body: "body 1",
    ...changes,
  } as const;
  return { ...unsigned, signature: signer.sign(messageBytes(unsigned)).toHex() };
}

/** For tests: the message after `previous`, in its topic. */
export function nextMessage(
  signer: Signer,
  previous: Message,
  changes: MessageChanges = {},
): Message {
  const seq = previous.seq + 1;
  return signedMessage(signer, {
    topic_name: previous.topic_name,
    founder_pubkey: previous.founder_pubkey,
    seq,
    posted_at_ms: previous.posted_at_ms + 1,
    prev: messageId(previous),
    body: `body ${seq}`,
    ...changes,
  });
}

/**
 * For tests: the first `count` messages of a topic.
 *
 * @param changes of the first one.
 * @param later what all others differ in.
 */
export function signedLog(
  signer: Signer,
  count: number,
  changes: MessageChanges = {},
  later: Pick<MessageChanges, "body"> = {},
): Message[] {
  const log = [signedMessage(signer, changes)];
  for (let last = log[0]; last && log.length < count; last = log.at(-1)) {
    log.push(nextMessage(signer, last, later));
  }
  return log;
}

/** For tests: says that `writer` writes a topic, by default `build-tasks` of the signer from its beginning. */
export function signedAppointment(
  signer: Signer,
  writer: string,
  changes: Partial<Omit<Appointment, "signature">> = {},
): Appointment {
  const key = signer.publicKey.toHex() as Appointment["author_pubkey"];
  const unsigned = {
    topic_id: topicId(key, "build-tasks"),
    author_pubkey: key,
    writer,
    after_seq: 0,
    turn: 1,
    ...changes,
  };
  return { ...unsigned, signature: signer.sign(appointmentBytes(unsigned)).toHex() };
}

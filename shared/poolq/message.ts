import { z } from "zod";
import { DOMAIN } from "../canonical/domain.ts";
import { encodeFrame } from "../canonical/frame.ts";
import { isSha256, type Sha256, sha256Hex } from "../crypto/sha256.ts";
import { HARD_MAX_BODY_BYTES } from "./limits.ts";
import { isTopicName } from "./topic.ts";

/** What stands in `prev` of a topic's first message. */
export const NO_PREVIOUS = "0".repeat(64) as Sha256;

const hex32 = z.string().refine(isSha256, { error: "expected 64 lowercase hex digits" });

const fields = {
  schema_version: z.literal(1),
  topic_name: z.string().refine(isTopicName, { error: "not a topic name" }),
  /** ed25519 public key of whoever founded the topic; it never changes, whatever keys follow. */
  founder_pubkey: hex32,
  /** ed25519 public key that signed: the founder's, or one that it was handed over to. */
  author_pubkey: hex32,
  /** 1 for the first message of a topic, then without gaps. */
  seq: z.number().int().min(1).max(Number.MAX_SAFE_INTEGER),
  /** Later than the previous message's, in ms since 1970. */
  posted_at_ms: z.number().int().min(0).max(Number.MAX_SAFE_INTEGER),
  /** Id of the message before, {@linkcode NO_PREVIOUS} for the first: a topic is a hash chain. */
  prev: hex32,
  body: z.string().refine(isBody, {
    error: `not well-formed Unicode of at most ${HARD_MAX_BODY_BYTES} bytes`,
  }),
} as const;

/** A message of a topic as files and answers carry it. */
export const messageSchema = z.strictObject({
  ...fields,
  /** Over {@linkcode messageBytes}, as hex. */
  signature: z.string().regex(/^[0-9a-f]{128}$/),
});

export type Message = z.infer<typeof messageSchema>;
export type UnsignedMessage = Omit<Message, "signature">;

/** The bytes that the author of a message signs, and whose SHA-256 is its id. */
export function messageBytes(message: UnsignedMessage): Uint8Array<ArrayBuffer> {
  return encodeFrame(DOMAIN.poolqMessage, [
    BigInt(message.schema_version),
    message.topic_name,
    Uint8Array.fromHex(message.founder_pubkey),
    Uint8Array.fromHex(message.author_pubkey),
    BigInt(message.seq),
    BigInt(message.posted_at_ms),
    Uint8Array.fromHex(message.prev),
    message.body,
  ]);
}

/** The name of a message: SHA-256 of what is signed. The signature is no part of it. */
export function messageId(message: UnsignedMessage): Sha256 {
  return sha256Hex(messageBytes(message));
}

/** A message as its file and a line of NDJSON hold it, line feed included. */
export function messageLine(message: Message): string {
  return `${JSON.stringify(message)}\n`;
}

function isBody(body: string): boolean {
  // UTF-8 has at least one byte for each UTF-16 unit, so a long text need not be encoded to be refused.
  return body.length <= HARD_MAX_BODY_BYTES && body.isWellFormed() &&
    bodySizeBytes(body) <= HARD_MAX_BODY_BYTES;
}

/** Size of a body as limits count it, in bytes of UTF-8. */
export function bodySizeBytes(body: string): number {
  return new TextEncoder().encode(body).length;
}

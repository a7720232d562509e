import { loadVerifier, type Verifier } from "../crypto/ed25519.ts";
import { type Sha256, sha256Hex } from "../crypto/sha256.ts";
import { MAX_MESSAGE_JSON_BYTES } from "./limits.ts";
import { type Message, messageBytes, messageSchema, NO_PREVIOUS } from "./message.ts";
import { topicId } from "./topic.ts";

/** A message whose shape, id and signature were checked. That its author may write to the topic is not said by that. */
export interface VerifiedMessage {
  readonly id: Sha256;
  readonly topicId: Sha256;
  readonly message: Message;
}

export type MessageVerdict =
  | { readonly ok: true; readonly verified: VerifiedMessage }
  | { readonly ok: false; readonly reason: string };

/** What a message is expected to be; whatever is given must hold. */
export interface ExpectedMessage {
  readonly id?: string;
  readonly topicId?: string;
}

/** Checks one message: JSON as bytes of UTF-8, as text, or parsed already. */
export type MessageVerifier = (
  input: Uint8Array | string | object,
  expected?: ExpectedMessage,
) => MessageVerdict;

/** Most keys kept ready at once; a topic rarely has more than one, and a stranger cannot make this grow. */
const MAX_KEPT_KEYS = 64;

/**
 * A verifier that keeps the keys it has met ready, since loading one costs a third of a verification. What it answers does
 * not depend on what it was asked before. It never throws on bad input.
 */
export function createMessageVerifier(): MessageVerifier {
  const kept = new Map<string, Verifier>();
  const verifierOf = (key: string): Verifier => {
    const found = kept.get(key);
    if (found) return found;
    const loaded = loadVerifier(Uint8Array.fromHex(key));
    if (kept.size >= MAX_KEPT_KEYS) kept.clear();
    kept.set(key, loaded);
    return loaded;
  };
  // Messages mostly come topic by topic.
  let last: { readonly founder: string; readonly name: string; readonly id: Sha256 } | undefined;
  const topicOf = ({ founder_pubkey: founder, topic_name: name }: Message): Sha256 => {
    if (last?.founder === founder && last.name === name) return last.id;
    last = { founder, name, id: topicId(founder, name) };
    return last.id;
  };
  return (input, expected = {}) => {
    const read = readMessage(input);
    if (!read.ok) return read;
    const { message } = read;
    const bytes = messageBytes(message);
    const id = sha256Hex(bytes);
    if (expected.id !== undefined && expected.id !== id) {
      return refuse(`its bytes have the id ${id.slice(0, 12)}, not ${expected.id.slice(0, 12)}`);
    }
    const topic = topicOf(message);
    if (expected.topicId !== undefined && expected.topicId !== topic) {
      return refuse(
        `it belongs to the topic ${topic.slice(0, 12)}, not ${expected.topicId.slice(0, 12)}`,
      );
    }
    if ((message.seq === 1) !== (message.prev === NO_PREVIOUS)) {
      return refuse("the first message of a topic, and no other, has no previous one");
    }
    try {
      const signature = Uint8Array.fromHex(message.signature);
      if (!verifierOf(message.author_pubkey).verify(bytes, signature)) {
        return refuse("its signature is not the author's");
      }
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
      return refuse("its author's key is not one that can sign");
    }
    return { ok: true, verified: { id, topicId: topic, message } };
  };
}

/** Checks one message; see {@linkcode createMessageVerifier}, which is faster for many. */
export function verifyMessage(
  input: Uint8Array | string | object,
  expected: ExpectedMessage = {},
): MessageVerdict {
  return createMessageVerifier()(input, expected);
}

function readMessage(
  input: Uint8Array | string | object,
): { readonly ok: true; readonly message: Message } | { readonly ok: false; reason: string } {
  let value: unknown = input;
  try {
    if (input instanceof Uint8Array) {
      if (input.length > MAX_MESSAGE_JSON_BYTES) return refuse(TOO_LARGE);
      value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(input));
    } else if (typeof input === "string") {
      if (input.length > MAX_MESSAGE_JSON_BYTES) return refuse(TOO_LARGE);
      value = JSON.parse(input);
    }
  } catch {
    return refuse("it is not JSON in UTF-8");
  }
  const parsed = messageSchema.safeParse(value);
  if (parsed.success) return { ok: true, message: parsed.data };
  const issue = parsed.error.issues[0];
  const place = issue?.path.join(".");
  return refuse(`it is not a message${place ? `: "${place}"` : ""}: ${issue?.message}`);
}

const TOO_LARGE = `it has more than ${MAX_MESSAGE_JSON_BYTES} bytes`;

function refuse(reason: string): { readonly ok: false; readonly reason: string } {
  return { ok: false, reason };
}

import { z } from "zod";
import { DOMAIN } from "../canonical/domain.ts";
import { encodeFrame } from "../canonical/frame.ts";
import type { Signer } from "../crypto/ed25519.ts";
import { puddleKeySchema, puddleSignatureSchema } from "./puddle_key.ts";
import { verifySignature } from "./verify_signature.ts";

/** Most topics of one puddle whose heads a delegation can list: one who has more cannot change the key. */
export const MAX_DELEGATION_HEADS = 256;

const hex32 = z.string().regex(/^[0-9a-f]{64}$/);

/** The last message of a topic at one moment. */
export const topicHeadSchema = z.strictObject({
  topicId: hex32,
  /** 1 for the first message of a topic. */
  seq: z.number().int().positive(),
  msgId: hex32,
});

export type TopicHead = z.infer<typeof topicHeadSchema>;

/**
 * What the old key of a puddle says when a new one takes its place: from now on `newKey` speaks for it, and of each of its
 * topics the old key wrote no more than up to the head listed here. A topic that is not listed did not exist.
 */
export const delegationSchema = z.strictObject({
  schema: z.literal(1),
  oldKey: puddleKeySchema,
  newKey: puddleKeySchema,
  /** The clock of the machine where it was signed, in ms since 1970; for people alone, nothing is decided by it. */
  issuedAtMs: z.number().int().nonnegative(),
  /** In rising order of `topicId`, each once. */
  heads: z.array(topicHeadSchema).max(MAX_DELEGATION_HEADS).refine(isInOrder, {
    error: "topics are not in rising order, each once",
  }),
  /** By the old key, over {@linkcode delegationBytes}. */
  signature: puddleSignatureSchema,
  /** By the new key, over the same bytes: nobody is made the successor of another without taking part. */
  acceptance: puddleSignatureSchema,
});

export type Delegation = z.infer<typeof delegationSchema>;
export type UnsignedDelegation = Omit<Delegation, "signature" | "acceptance">;

/** The bytes that both keys sign: old key, new key, time in ms, then topic, seq and message id of each head. */
export function delegationBytes(delegation: UnsignedDelegation): Uint8Array<ArrayBuffer> {
  return encodeFrame(DOMAIN.puddleDelegation, [
    Uint8Array.fromHex(delegation.oldKey),
    Uint8Array.fromHex(delegation.newKey),
    BigInt(delegation.issuedAtMs),
    ...delegation.heads.flatMap(({ topicId, seq, msgId }) => [
      Uint8Array.fromHex(topicId),
      BigInt(seq),
      Uint8Array.fromHex(msgId),
    ]),
  ]);
}

/** Makes a delegation from one key to another; the heads may come in any order. */
export function signDelegation(
  keys: { readonly oldSigner: Signer; readonly newSigner: Signer },
  { heads, issuedAtMs }: Pick<Delegation, "heads" | "issuedAtMs">,
): Delegation {
  const unsigned = {
    schema: 1 as const,
    oldKey: keys.oldSigner.publicKey.toHex(),
    newKey: keys.newSigner.publicKey.toHex(),
    issuedAtMs,
    heads: [...heads].sort((one, other) => one.topicId < other.topicId ? -1 : 1),
  };
  const bytes = delegationBytes(unsigned);
  return delegationSchema.parse({
    ...unsigned,
    signature: keys.oldSigner.sign(bytes).toHex(),
    acceptance: keys.newSigner.sign(bytes).toHex(),
  });
}

/** Whether both keys signed it, and they are two. Parse it with {@linkcode delegationSchema} first. */
export function verifyDelegation(delegation: Delegation): boolean {
  const { oldKey, newKey, signature, acceptance } = delegation;
  if (oldKey === newKey) return false;
  const bytes = delegationBytes(delegation);
  return verifySignature(oldKey, bytes, signature) && verifySignature(newKey, bytes, acceptance);
}

/** The bytes that tell two delegations apart; how often and by whom each was handed on does not matter. */
export function isSameDelegation(one: Delegation, other: Delegation): boolean {
  return delegationBytes(one).toHex() === delegationBytes(other).toHex();
}

function isInOrder(heads: readonly TopicHead[]): boolean {
  return heads.every(({ topicId }, index) => {
    const before = heads[index - 1];
    return before === undefined || before.topicId < topicId;
  });
}

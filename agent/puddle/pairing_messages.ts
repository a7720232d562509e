import { z } from "zod";
import { delegationSchema, verifyDelegation } from "../../shared/puddle/delegation.ts";
import { nameClaimSchema, verifyNameClaim } from "../../shared/puddle/name_claim.ts";
import { wrappedIdentitySchema } from "../../shared/puddle/wrapped_identity.ts";
import { MAX_RETIRED } from "./puddle_home.ts";
import type { ReceivedIdentity } from "./puddle_identity.ts";

/** Where a machine claims an identity of another one's daemon. */
export const CLAIM_PATH = "/puddle/v1/pair/claim";
/** Largest identity that is handed over, in bytes of JSON: eight delegations with all the heads they can list. */
export const MAX_HANDED_OVER_BYTES = 512 * 1024;
/** Longest name of a user, as useradd(8) allows. */
const MAX_USER_LENGTH = 32;

const hex32 = z.string().regex(/^[0-9a-f]{64}$/);

export const userNameSchema = z.string().min(1).max(MAX_USER_LENGTH);

/** What a machine says to the daemon of another: first its nonce, then that it knows the code. */
export const claimSchema = z.discriminatedUnion("step", [
  z.strictObject({ step: z.literal("begin"), user: userNameSchema, nonce: hex32 }),
  z.strictObject({ step: z.literal("prove"), user: userNameSchema, nonce: hex32, proof: hex32 }),
]);

export type Claim = z.infer<typeof claimSchema>;

/** What is said to it. */
export const claimAnswerSchema = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("nonce"), nonce: hex32 }),
  z.strictObject({
    kind: z.literal("identity"),
    proof: hex32,
    /** {@linkcode handedOverSchema} as JSON. */
    content: z.string().max(MAX_HANDED_OVER_BYTES),
  }),
  z.strictObject({ kind: z.literal("refused"), reason: z.string().max(500) }),
]);

export type ClaimAnswer = z.infer<typeof claimAnswerSchema>;

/** An identity on its way to another machine: still wrapped, so that the passphrase stays with the person. */
export const handedOverSchema = z.strictObject({
  schema: z.literal(1),
  wrapped: wrappedIdentitySchema,
  salt: z.string().regex(/^[0-9a-f]{32}$/),
  retired: z.array(delegationSchema.refine(verifyDelegation, { error: "it does not verify" }))
    .max(MAX_RETIRED),
  name: nameClaimSchema.refine(verifyNameClaim, { error: "it does not verify" }).nullable(),
});

/** An identity as text, for {@linkcode readHandedOver} on the other side. */
export function handOver({ wrapped, salt, retired, name }: ReceivedIdentity): string {
  const content = { schema: 1, wrapped, salt: salt.toHex(), retired, name: name ?? null };
  return JSON.stringify(handedOverSchema.parse(content));
}

/** @throws {Error} if the text is no identity, or holds what does not verify. */
export function readHandedOver(text: string): ReceivedIdentity {
  const { wrapped, salt, retired, name } = handedOverSchema.parse(JSON.parse(text));
  return {
    wrapped,
    salt: Uint8Array.fromHex(salt),
    retired,
    ...(name === null ? {} : { name }),
  };
}

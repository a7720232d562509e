import { z } from "zod";
import { MAX_RETIRED } from "../puddle/puddle_home.ts";
import { delegationSchema } from "../../shared/puddle/delegation.ts";
import { nameClaimSchema } from "../../shared/puddle/name_claim.ts";
import { puddleKeySchema } from "../../shared/puddle/puddle_key.ts";

/** Longest reason that is passed on, in characters. */
export const MAX_PROBLEM_LENGTH = 500;

/** What a user's puddle is, as its home says. */
export const puddleFactsSchema = z.strictObject({
  /** `null` if there is none. */
  publicKey: puddleKeySchema.nullable(),
  /** Whether a session holds the private key. */
  unlocked: z.boolean(),
  /** Until when an offer to pair stands, in ms since 1970; `null` if none does. */
  pairPendingUntilMs: z.number().int().nullable(),
  /** Not verified. */
  name: nameClaimSchema.nullable(),
  /** Keys that this puddle had. */
  retired: z.array(puddleKeySchema).max(MAX_RETIRED),
  /** What proves it, but for delegations that are long: those go with the topics that they list. */
  delegations: z.array(delegationSchema).max(MAX_RETIRED).default([]),
  /** What is wrong with the files; the rest is as far as it could be read. */
  problem: z.string().max(MAX_PROBLEM_LENGTH).nullable(),
});

export type PuddleFacts = z.infer<typeof puddleFactsSchema>;

/** One line of the answer to a look at a user's puddle. */
export const puddleLineSchema = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("puddle"), facts: puddleFactsSchema }),
  z.strictObject({
    kind: z.literal("proof"),
    isProven: z.boolean(),
    reason: z.string().max(MAX_PROBLEM_LENGTH),
  }),
  z.strictObject({ kind: z.literal("scrubbed"), hadPuddle: z.boolean() }),
]);

export type PuddleLine = z.infer<typeof puddleLineSchema>;

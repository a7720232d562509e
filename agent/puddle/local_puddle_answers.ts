import { z } from "zod";

/** What the daemon says in the end. */
export const provenAnswerSchema = z.discriminatedUnion("ok", [
  z.strictObject({ ok: z.literal(true), body: z.unknown() }),
  z.strictObject({ ok: z.literal(false), status: z.number().int(), message: z.string() }),
]);

export type ProvenAnswer = z.infer<typeof provenAnswerSchema>;

/** The first line that the daemon says: the nonce, 32 bytes as hex. */
export const nonceSchema = z.strictObject({ nonce: z.string().regex(/^[0-9a-f]{64}$/) });

import { z } from "zod";

/** Longest line on a session's socket, in bytes: a queue message of the largest size in base64, and some more. */
export const MAX_SESSION_LINE_BYTES = 256 * 1024;

/**
 * What a caller asks of a session, one line of JSON each. The secret stands in every line, so that a line means the same
 * whatever came before it.
 */
export const sessionRequestSchema = z.discriminatedUnion("do", [
  z.strictObject({
    do: z.literal("SIGN"),
    secret: z.string().max(64),
    tag: z.string().max(64),
    /** The whole frame to be signed, in base64: it begins with the tag and a zero byte. */
    bytes: z.base64(),
  }),
  z.strictObject({ do: z.literal("STATUS"), secret: z.string().max(64) }),
  z.strictObject({ do: z.literal("LOCK"), secret: z.string().max(64) }),
]);

export type SessionRequest = z.infer<typeof sessionRequestSchema>;

/** What a session says of itself. */
export const sessionStatusSchema = z.strictObject({
  publicKey: z.string(),
  pid: z.number().int(),
  /** In ms since 1970. */
  startedAtMs: z.number().int(),
  /** When it ends if nothing more is asked of it, in ms since 1970. */
  endsAtMs: z.number().int(),
});

export type SessionStatus = z.infer<typeof sessionStatusSchema>;

/** The answer to one line, in the order of the lines. */
export const sessionAnswerSchema = z.union([
  z.strictObject({ ok: z.literal(true), signature: z.string().regex(/^[0-9a-f]{128}$/) }),
  z.strictObject({ ok: z.literal(true), status: sessionStatusSchema }),
  z.strictObject({ ok: z.literal(true) }),
  z.strictObject({ ok: z.literal(false), reason: z.string() }),
]);

export type SessionAnswer = z.infer<typeof sessionAnswerSchema>;

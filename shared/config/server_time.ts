import { z } from "zod";

/** The server's clock, signed over the nonce that asked for it, for an agent whose own clock cannot be trusted. */
export const serverTimeSchema = z.strictObject({
  /** Hex of the nonce of the request that this answers. */
  nonce: z.string().regex(/^([0-9a-f]{2}){8,64}$/),
  timeMs: z.number().int().nonnegative(),
});

export type ServerTime = z.infer<typeof serverTimeSchema>;

import { z } from "zod";
import { guardrailSchema } from "./guardrail.ts";

/** The body of every answer whose status is not 2xx. */
export const errorSchema = z.object({
  message: z.string(),
  /** Beside a 423: the command was refused by a guardrail, which the request can bypass. */
  guardrail: guardrailSchema.optional(),
});
export type ErrorBody = z.infer<typeof errorSchema>;

import { z } from "zod";

/** Why a guardrail of the server refuses a command. */
export const guardrailSchema = z.object({
  /** What the command would do, as in "would end processes of Vigo". */
  reason: z.string(),
  /** The kind of command, as in `systemctl stop vigo`. */
  pattern: z.string(),
});
export type Guardrail = z.infer<typeof guardrailSchema>;

import { z } from "zod";
import {
  MAX_COMMAND_BYTES,
  MAX_NICE,
  MAX_OUTPUT_BYTES,
  MAX_TIMEOUT_SECS,
  MIN_OUTPUT_BYTES,
} from "./task_limits.ts";
import { TASK_ID_PATTERN } from "./task_id.ts";

/** A command as a shell gets it: no zero byte, which would end it early, and nothing that UTF-8 cannot write. */
export const commandSchema = z.string().min(1).max(MAX_COMMAND_BYTES)
  .refine((text) => !text.includes("\0") && text.isWellFormed(), {
    error: "expected text without zero bytes",
  })
  .refine((text) => new TextEncoder().encode(text).length <= MAX_COMMAND_BYTES, {
    error: `expected at most ${MAX_COMMAND_BYTES} bytes`,
  })
  .refine((text) => text.trim() !== "", { error: "expected a command" });

const timeMs = z.number().int().nonnegative().max(Number.MAX_SAFE_INTEGER);

/** What the server signs to have a command run by one envoy, once. */
export const taskDispatchSchema = z.strictObject({
  schema: z.literal(1),
  envoyUuid: z.uuid(),
  taskId: z.string().regex(TASK_ID_PATTERN),
  command: commandSchema,
  timeoutMs: z.number().int().min(1000).max(MAX_TIMEOUT_SECS * 1000),
  nice: z.number().int().min(0).max(MAX_NICE),
  /** Kept of each output stream. */
  maxOutputBytes: z.number().int().min(MIN_OUTPUT_BYTES).max(MAX_OUTPUT_BYTES),
  /** Whether output is wanted while it comes into being, beside the result. */
  live: z.boolean(),
  issuedAtMs: timeMs,
  /** The command is not started after this time, by the server's clock. */
  expiresAtMs: timeMs,
});
export type TaskDispatch = z.infer<typeof taskDispatchSchema>;

/** What the server signs to have one envoy end a task, or never begin it. */
export const taskCancelSchema = z.strictObject({
  schema: z.literal(1),
  envoyUuid: z.uuid(),
  taskId: z.string().regex(TASK_ID_PATTERN),
  issuedAtMs: timeMs,
  /** No dispatch of the task is valid after this time. */
  expiresAtMs: timeMs,
});
export type TaskCancel = z.infer<typeof taskCancelSchema>;

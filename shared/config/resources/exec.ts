import { z } from "zod";
import { absolutePath, accountName, command } from "./parameters.ts";

/** How long a command may take when nothing is said, in seconds. */
export const DEFAULT_EXEC_TIMEOUT_SECONDS = 300;
/** Longest timeout: a day. What takes longer is a service. */
export const MAX_EXEC_TIMEOUT_SECONDS = 86_400;

/**
 * A command. It runs when every guard that is given allows it: `onlyif` succeeds, `unless` fails, `creates` is missing.
 * Without a guard it runs each time, unless the resource says `when: changed`.
 */
export const execSchema = z.strictObject({
  command,
  onlyif: command.optional(),
  unless: command.optional(),
  creates: absolutePath.optional(),
  cwd: absolutePath.optional(),
  /** Runs as this user, with its groups; the guards do too. */
  user: accountName.optional(),
  environment: z.record(
    z.string().max(256).regex(/^[A-Za-z_][A-Za-z0-9_]*$/),
    z.string().max(32 * 1024).refine((text) => !text.includes("\0"), "expected text without NUL"),
    {
      error: ({ code }) =>
        code === "invalid_key" ? "expected a name like PATH" : "expected variables by name",
    },
  ).refine((variables) => Object.keys(variables).length <= 256, "expected at most 256 variables")
    .default({}),
  /** Exit statuses that count as success. */
  returns: z.array(z.number().int().min(0).max(255)).min(1).max(256).default([0]),
  /** Seconds; then the command and everything it started is ended. */
  timeout: z.number().int().min(1).max(MAX_EXEC_TIMEOUT_SECONDS).default(
    DEFAULT_EXEC_TIMEOUT_SECONDS,
  ),
});

export type ExecParams = z.infer<typeof execSchema>;

import { z } from "zod";
import { patternSchema } from "./line_pattern.ts";
import { accountName, command } from "./parameters.ts";

export const PROCESS_SIGNALS = [
  "TERM",
  "HUP",
  "INT",
  "QUIT",
  "KILL",
  "USR1",
  "USR2",
  "WINCH",
] as const;

export type ProcessSignal = typeof PROCESS_SIGNALS[number];

/** Longest pattern: it is matched against every command line of the machine. */
const MAX_PATTERN_LENGTH = 512;

const NAME_HINT = 'expected the name of a program, like "nginx"';
const PATTERN_HINT = 'expected a regular expression over command lines, like "^python3 .*worker"';

const signal = z.enum(PROCESS_SIGNALS, {
  error: `expected signal to be ${PROCESS_SIGNALS.join(", ")}`,
});

const described = {
  /** A label, and the program's name unless there is a pattern. */
  name: z.string({ error: NAME_HINT }).min(1, NAME_HINT).max(255).regex(/^[^\/\0\n]+$/, NAME_HINT),
  /** Over the command line, words joined by a blank, as far as the agent reads it: 4,096 bytes. */
  pattern: patternSchema(PATTERN_HINT, MAX_PATTERN_LENGTH).optional(),
  /** Only processes of this user. */
  user: accountName.optional(),
  /** Seconds to wait for it to be gone, or to be there. */
  timeout: z.number().int().min(1).max(300).default(10),
};

/**
 * A process that runs or does not. `stopped` and `signalled` send a signal; `signalled` does so only when notified, as it
 * is an act and not a state.
 */
export const processSchema = z.discriminatedUnion("ensure", [
  z.strictObject({
    ensure: z.literal("running").optional().default("running"),
    ...described,
    /** Starts it, as `user`, in a session of its own. */
    command: command.optional(),
  }),
  z.strictObject({ ensure: z.literal("stopped"), ...described, signal: signal.default("TERM") }, {
    error: notWith("stopped"),
  }),
  z.strictObject({ ensure: z.literal("signalled"), ...described, signal: signal.default("HUP") }, {
    error: notWith("signalled"),
  }),
], { error: "expected ensure to be running, stopped or signalled" });

export type ProcessParams = z.infer<typeof processSchema>;

function notWith(state: string): z.core.$ZodErrorMap {
  return (issue) =>
    issue.code === "unrecognized_keys"
      ? `${issue.keys.map((key) => `"${key}"`).join(", ")} cannot be combined with ensure: ${state}`
      : undefined;
}

import { z } from "zod";

/** How long an executable may take when nothing is said, in seconds. */
const DEFAULT_TIMEOUT_SECONDS = 300;
const MAX_TIMEOUT_SECONDS = 86_400;
const NAME_HINT =
  'expected the name of a file in /etc/vigo-envoy/executors, like "dns-record" (letters, digits, ".", "_", "-")';

/** Something that an executable of the operator looks after. */
export const customSchema = z.strictObject({
  executor: z.string({ error: NAME_HINT }).max(128).regex(
    /^[A-Za-z0-9_][A-Za-z0-9._-]*$/,
    NAME_HINT,
  ),
  /** Given to the executable as they are. */
  params: z.record(z.string().max(1000), z.json(), { error: "expected parameters by name" })
    .default({}),
  /** Seconds; then the executable and everything it started is ended. */
  timeout: z.number().int().min(1).max(MAX_TIMEOUT_SECONDS).default(DEFAULT_TIMEOUT_SECONDS),
});

export type CustomParams = z.infer<typeof customSchema>;

/** Longest action and error, in characters. */
const MAX_ANSWER_TEXT = 4096;

/** What an executable answers: one JSON document on standard output. */
export const customAnswerSchema = z.object({
  /** What was done, or with `dry_run` would be: `created`, `updated`, `deleted`, `none`, or words of its own. */
  action: z.string().max(MAX_ANSWER_TEXT).default(""),
  /** Whether anything was changed, or with `dry_run` would be. */
  changed: z.boolean(),
  /** Why it could not be done, or with `dry_run` not be known; null or empty if it could. */
  error: z.string().max(MAX_ANSWER_TEXT).nullish(),
});

export type CustomAnswer = z.infer<typeof customAnswerSchema>;

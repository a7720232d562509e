import { z } from "zod";
import { quotesPlaceholder } from "./shell_quotes.ts";

/** Longest path of Linux, in bytes (PATH_MAX without its final NUL). */
const MAX_PATH_LENGTH = 4095;
/** Longest command line, in characters; longer ones belong into a file. */
const MAX_COMMAND_LENGTH = 64 * 1024;
/** Most words of a command given as a list. */
const MAX_COMMAND_WORDS = 1000;
/** Longest user or group name that useradd accepts. */
const MAX_ACCOUNT_NAME_LENGTH = 32;

const PATH_HINT =
  'expected an absolute path without ".", "..", "//" or a final "/", like "/etc/motd"';

/** An absolute path with one spelling only, so that two resources cannot name one thing differently. */
export const absolutePath = z.string({ error: PATH_HINT }).max(MAX_PATH_LENGTH).refine(
  isNormalAbsolutePath,
  PATH_HINT,
);

function isNormalAbsolutePath(path: string): boolean {
  if (path === "/") return true;
  if (!path.startsWith("/") || path.includes("\0")) return false;
  return path.slice(1).split("/").every((part) => part !== "" && part !== "." && part !== "..");
}

/** Permission bits in octal. A YAML number would lose its leading zero's meaning, so only text is taken. */
export const fileMode = z.string({ error: 'expected a quoted octal mode, like "0644"' }).regex(
  /^[0-7]{3,4}$/,
  'expected a quoted octal mode of three or four digits, like "0644"',
);

const ACCOUNT_HINT = 'expected a user or group name in lower case, like "www-data"';

/** A name that useradd and groupadd accept. */
export const accountName = z.string({ error: ACCOUNT_HINT }).max(MAX_ACCOUNT_NAME_LENGTH).regex(
  /^[a-z_][a-z0-9_.-]*\$?$/,
  ACCOUNT_HINT,
);

/** Largest uid and gid; (uid_t) -1 means "unchanged" to the kernel. */
export const MAX_ACCOUNT_ID = 4_294_967_294;

export const accountId = z.number().int().min(0).max(MAX_ACCOUNT_ID);

/** A name, or a number where no name exists. */
export const accountReference = z.union([accountName, accountId], {
  error: 'expected a user or group name like "www-data", or a number',
});

const COMMAND_HINT = "expected a command line for /bin/sh, or a list of words to run without one";

/** A line for `/bin/sh -c`, or a list whose words are passed as they are. */
export const command = z.union([
  z.string().min(1, COMMAND_HINT).max(MAX_COMMAND_LENGTH).refine(hasNoNul, COMMAND_HINT),
  z.array(z.string().max(MAX_COMMAND_LENGTH).refine(hasNoNul, COMMAND_HINT)).min(1, COMMAND_HINT)
    .max(MAX_COMMAND_WORDS).refine((words) => words[0] !== "", COMMAND_HINT),
], { error: COMMAND_HINT });

export type Command = z.infer<typeof command>;

/** A command that looks at a finished file before it takes its place; `%` is its path, `%%` a percent sign. */
export const validateCommand = z.string().min(1).max(4096).refine(
  (line) => line.replaceAll("%%", "").includes("%"),
  'expected "%" where the path goes, like "visudo -cf %"',
).refine(
  (line) => !quotesPlaceholder(line),
  'expected "%" outside of quotes: the path that takes its place is quoted already',
);

/** What types that edit a file have in common. */
export const editedFile = {
  path: absolutePath,
  /** Whether a missing file is made (0644, owned by whoever runs the agent). */
  create: z.boolean().default(false),
  /** Must succeed before the edited file is put in place. */
  validate: validateCommand.optional(),
};

function hasNoNul(text: string): boolean {
  return !text.includes("\0");
}

/** The `ensure` of a variant that is chosen when none is written. */
export const present = z.literal("present").optional().default("present");
export const absent = z.literal("absent");

/** What a discriminated union says about a value of `ensure` that names none of its variants. */
export function ensureOneOf(...states: readonly string[]): { error: string } {
  return { error: `expected ensure to be ${states.join(" or ")}` };
}

/** Says of parameters that `ensure: absent` does not know that they do not go with it. */
export const onlyWhenPresent: { error: z.core.$ZodErrorMap } = {
  error: (issue) =>
    issue.code === "unrecognized_keys"
      ? `${quoteAll(issue.keys)} cannot be combined with ensure: absent`
      : undefined,
};

function quoteAll(keys: readonly string[]): string {
  return keys.map((key) => `"${key}"`).join(", ");
}

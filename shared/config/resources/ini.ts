import { z } from "zod";
import {
  absent,
  absolutePath,
  editedFile,
  ensureOneOf,
  onlyWhenPresent,
  present,
  validateCommand,
} from "./parameters.ts";

const MAX_VALUE_LENGTH = 64 * 1024;
const SECTION_HINT = 'expected the name of a section without brackets, like "mysqld"';
const KEY_HINT = 'expected the name of a setting, like "max_connections"';
const VALUE_HINT = "expected a value on one line: text, a number, true or false";

/** What can stand between a key and its value. */
const SEPARATORS = [" = ", "=", ": ", ":", " "] as const;

const section = z.string({ error: SECTION_HINT }).min(1, SECTION_HINT).max(1000)
  .regex(/^[^\n\r\0\]]*$/, SECTION_HINT).optional();

const key = z.string({ error: KEY_HINT }).max(1000).regex(
  // A key that begins like a comment or a section would not be read as one.
  /^[^\s#;[=:\0][^\n\r\0=:]*(?<!\s)$|^[^\s#;[=:\0]$/,
  KEY_HINT,
);

const value = z.union([
  z.string().max(MAX_VALUE_LENGTH).regex(/^(?!\s)[^\n\r\0]*(?<!\s)$/),
  z.number(),
  z.boolean(),
], { error: VALUE_HINT });

/** One setting of a file with sections, or of one without. */
export const iniSchema = z.discriminatedUnion("ensure", [
  z.strictObject({
    ensure: present,
    ...editedFile,
    /** Without one the setting stands in front of all sections. */
    section,
    key,
    value,
    /** Between key and value of a new setting; one that is there keeps its own. */
    separator: z.enum(SEPARATORS, {
      error: 'expected the separator to be " = ", "=", ": ", ":" or " "',
    }).default(" = "),
  }),
  z.strictObject({
    ensure: absent,
    path: absolutePath,
    section,
    /** Without one the whole section goes. */
    key: key.optional(),
    /** How keys are told from values: by a blank, or by `=` and `:`. */
    separator: z.enum(SEPARATORS).default(" = "),
    validate: validateCommand.optional(),
  }, onlyWhenPresent).superRefine(({ section, key }, context) => {
    if (section === undefined && key === undefined) {
      const message = 'needs "key", "section" or both, to say what is to go';
      context.addIssue({ code: "custom", path: ["key"], message });
    }
  }),
], ensureOneOf("present", "absent"));

export type IniParams = z.infer<typeof iniSchema>;

import { z } from "zod";
import { linePattern } from "./line_pattern.ts";
import {
  absent,
  absolutePath,
  editedFile,
  ensureOneOf,
  onlyWhenPresent,
  present,
  validateCommand,
} from "./parameters.ts";

const MAX_LINE_LENGTH = 64 * 1024;
const LINE_HINT = 'expected one line of text, like "Port 2222"';

/** Never empty: nobody could tell a blank line from the end of a file. */
const line = z.string({ error: LINE_HINT }).max(MAX_LINE_LENGTH).regex(/^[^\n\r\0]+$/, LINE_HINT);

/** One line of a file, which is there or not. */
export const fileLineSchema = z.discriminatedUnion("ensure", [
  z.strictObject({
    ensure: present,
    ...editedFile,
    line,
    /** The line that `line` takes the place of, if it is not there itself. */
    match: linePattern.optional(),
    /** Whether all lines that match are replaced, rather than the only one. */
    multiple: z.boolean().default(false),
    /** A new line goes behind the last line that matches. */
    insert_after: linePattern.optional(),
    /** A new line goes in front of the first line that matches. */
    insert_before: linePattern.optional(),
  }).superRefine(({ match, multiple, insert_after, insert_before }, context) => {
    const refuse = (parameter: string, message: string) =>
      context.addIssue({ code: "custom", path: [parameter], message });
    if (multiple && match === undefined) refuse("multiple", 'needs "match": it says which lines');
    if (insert_after !== undefined && insert_before !== undefined) {
      refuse("insert_before", 'cannot be combined with "insert_after": keep one of the two');
    }
  }),
  z.strictObject({
    ensure: absent,
    path: absolutePath,
    /** Every line that is this one goes. */
    line: line.optional(),
    /** Every line that matches goes. */
    match: linePattern.optional(),
    validate: validateCommand.optional(),
  }, onlyWhenPresent).superRefine(({ line, match }, context) => {
    if ((line === undefined) === (match === undefined)) {
      const message = 'give "line" or "match", one of the two, to say what is to go';
      context.addIssue({ code: "custom", path: ["line"], message });
    }
  }),
], ensureOneOf("present", "absent"));

export type FileLineParams = z.infer<typeof fileLineSchema>;

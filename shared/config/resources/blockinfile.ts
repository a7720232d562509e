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

const MAX_BLOCK_LENGTH = 256 * 1024;
const MARKER_HINT = 'expected one line with "{mark}" in it, like "# {mark} managed by vigo"';
const BLOCK_HINT = "expected the lines of the block";

const marker = z.string({ error: MARKER_HINT }).max(1000).regex(
  /^[^\n\r\0]*\{mark\}[^\n\r\0]*$/,
  MARKER_HINT,
).default("# {mark} managed by vigo");

/** Lines between two marks, which nothing else in the file touches. */
export const blockInFileSchema = z.discriminatedUnion("ensure", [
  z.strictObject({
    ensure: present,
    ...editedFile,
    block: z.string({ error: BLOCK_HINT }).min(1, BLOCK_HINT).max(MAX_BLOCK_LENGTH)
      .refine((text) => !text.includes("\0"), BLOCK_HINT),
    /** The lines around the block; `{mark}` is BEGIN and END. Blocks of one file have different ones. */
    marker,
    /** A new block goes behind the last line that matches. */
    insert_after: linePattern.optional(),
    /** A new block goes in front of the first line that matches. */
    insert_before: linePattern.optional(),
  }).superRefine(({ block, marker, insert_after, insert_before }, context) => {
    const refuse = (parameter: string, message: string) =>
      context.addIssue({ code: "custom", path: [parameter], message });
    if (insert_after !== undefined && insert_before !== undefined) {
      refuse("insert_before", 'cannot be combined with "insert_after": keep one of the two');
    }
    const { begin, end } = blockMarks(marker);
    if (block.split(/\r?\n/).some((line) => line === begin || line === end)) {
      refuse("block", "holds a line that is one of its own marks");
    }
  }),
  z.strictObject({
    ensure: absent,
    path: absolutePath,
    marker,
    validate: validateCommand.optional(),
  }, onlyWhenPresent),
], ensureOneOf("present", "absent"));

export type BlockInFileParams = z.infer<typeof blockInFileSchema>;

/** The lines that stand around a block. */
export function blockMarks(marker: string): { readonly begin: string; readonly end: string } {
  return { begin: marker.replace("{mark}", "BEGIN"), end: marker.replace("{mark}", "END") };
}

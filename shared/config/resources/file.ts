import { z } from "zod";
import {
  absent,
  absolutePath,
  accountReference,
  ensureOneOf,
  fileMode,
  onlyWhenPresent,
  present,
  validateCommand,
} from "./parameters.ts";

/** Largest content of one file, in characters; larger ones are distributed by the swarm. */
export const MAX_FILE_CONTENT_LENGTH = 4 * 1024 * 1024;

const SOURCE_HINT =
  'expected a template below "templates/", or an absolute path on the envoy, like "/usr/share/doc/x"';

const source = z.union([
  absolutePath,
  z.string().max(1024).regex(/^templates\/./).refine((path) =>
    path.split("/").every((part) => part !== "" && part !== "." && part !== "..")
  ),
], { error: SOURCE_HINT });

/**
 * A regular file. Content comes from `content`, or from `source`: a template, which the server renders into `content`
 * before a bundle is made, or a file on the envoy itself. With neither, whatever content is there stays, and a missing
 * file is created empty. The mode is 0644 unless given; an owner or group that is not given stays as it is.
 */
export const fileSchema = z.discriminatedUnion("ensure", [
  z.strictObject({
    ensure: present,
    path: absolutePath,
    content: z.string().max(MAX_FILE_CONTENT_LENGTH).optional(),
    source: source.optional(),
    mode: fileMode.default("0644"),
    owner: accountReference.optional(),
    group: accountReference.optional(),
    /** Must succeed before the new content is put in place; `%` is the path of the new file, `%%` a percent sign. */
    validate: validateCommand.optional(),
    /** Keeps what is overwritten beside the file, as `<path>.vigo-backup`. */
    backup: z.boolean().default(false),
  }).superRefine((file, context) => {
    if (file.content !== undefined && file.source !== undefined) {
      refuse(context, "source", 'cannot be combined with "content": keep one of the two');
    }
    if (file.validate === undefined) return;
    if (file.content === undefined && file.source === undefined) {
      refuse(context, "validate", 'needs "content" or "source": there is nothing else to validate');
    }
  }),
  z.strictObject({
    ensure: absent,
    path: absolutePath,
    backup: z.boolean().default(false),
  }, onlyWhenPresent),
], ensureOneOf("present", "absent"));

export type FileParams = z.infer<typeof fileSchema>;

function refuse(context: z.core.$RefinementCtx, parameter: string, message: string): void {
  context.addIssue({ code: "custom", path: [parameter], message });
}

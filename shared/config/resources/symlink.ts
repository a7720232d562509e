import { z } from "zod";
import { absent, absolutePath, ensureOneOf, onlyWhenPresent, present } from "./parameters.ts";

/** A symbolic link. The target is taken as written: it may be relative, and it need not exist. */
export const symlinkSchema = z.discriminatedUnion("ensure", [
  z.strictObject({
    ensure: present,
    path: absolutePath,
    target: z.string({ error: 'expected the path that the link points to, like "/etc/nginx"' })
      .min(1).max(4095).refine((target) => !target.includes("\0"), "expected a path without NUL"),
  }),
  z.strictObject({ ensure: absent, path: absolutePath }, onlyWhenPresent),
], ensureOneOf("present", "absent"));

export type SymlinkParams = z.infer<typeof symlinkSchema>;

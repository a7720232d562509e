import { z } from "zod";
import {
  absent,
  absolutePath,
  accountReference,
  ensureOneOf,
  fileMode,
  onlyWhenPresent,
  present,
} from "./parameters.ts";

/**
 * A folder. A mode, owner or group that is not given stays as it is (a new folder gets 0755): a default would take the
 * sticky bit from a folder like /tmp that is only named to be depended on.
 */
export const directorySchema = z.discriminatedUnion("ensure", [
  z.strictObject({
    ensure: present,
    path: absolutePath,
    mode: fileMode.optional(),
    owner: accountReference.optional(),
    group: accountReference.optional(),
    /** Whether missing folders above are made too (0755, owned by whoever runs the agent). */
    parents: z.boolean().default(false),
  }),
  z.strictObject({
    ensure: absent,
    path: absolutePath.refine((path) => path !== "/", 'expected a folder other than "/"'),
    /** Whether a folder that holds something is removed with all of it. */
    force: z.boolean().default(false),
  }, onlyWhenPresent),
], ensureOneOf("present", "absent"));

export type DirectoryParams = z.infer<typeof directorySchema>;

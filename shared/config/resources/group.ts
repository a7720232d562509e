import { z } from "zod";
import {
  absent,
  accountId,
  accountName,
  ensureOneOf,
  onlyWhenPresent,
  present,
} from "./parameters.ts";

/** A Unix group. Who is in it is said by the `groups` of each user. */
export const groupSchema = z.discriminatedUnion("ensure", [
  z.strictObject({
    ensure: present,
    name: accountName,
    gid: accountId.optional(),
    /** Whether a new group gets an id from the range of system groups. */
    system: z.boolean().default(false),
  }),
  z.strictObject({ ensure: absent, name: accountName }, onlyWhenPresent),
], ensureOneOf("present", "absent"));

export type GroupParams = z.infer<typeof groupSchema>;

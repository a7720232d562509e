import { z } from "zod";
import { absent, accountName, ensureOneOf, present } from "./parameters.ts";
import { authorizedKeyLine } from "./ssh_key.ts";

/** One key of a user, among others that are not managed. */
export const sshAuthorizedKeySchema = z.discriminatedUnion("ensure", [
  z.strictObject({
    ensure: present,
    user: accountName,
    /** A line of authorized_keys(5), options and comment included. */
    key: authorizedKeyLine,
  }),
  /** Options and comment do not count: every line with this key goes. */
  z.strictObject({ ensure: absent, user: accountName, key: authorizedKeyLine }),
], ensureOneOf("present", "absent"));

export type SshAuthorizedKeyParams = z.infer<typeof sshAuthorizedKeySchema>;

import { z } from "zod";
import { absent, accountName, ensureOneOf, present } from "./parameters.ts";
import { publicKey } from "./ssh_key.ts";

const HOST_HINT = 'expected a host as ssh names it, like "git.example.com" or "[10.0.0.1]:2222"';

/** No comma, blank, pattern or mark: they mean something to sshd(8). */
const hostName = z.string({ error: HOST_HINT }).max(300).regex(
  /^(?:[A-Za-z0-9_][A-Za-z0-9_.:%-]*|\[[A-Za-z0-9_.:%-]+\]:\d{1,5})$/,
  HOST_HINT,
);
const aliases = z.array(hostName).max(100).default([]);
/** Without one the file of the whole machine. */
const user = accountName.optional();

/** The key by which a host is known, for the whole machine or for one user. */
export const sshKnownHostSchema = z.discriminatedUnion("ensure", [
  z.strictObject({
    ensure: present,
    host: hostName,
    /** Other names and addresses of the same host. */
    aliases,
    key: publicKey,
    user,
  }),
  z.strictObject({
    ensure: absent,
    host: hostName,
    aliases,
    /** Without one all keys of the host go. */
    key: publicKey.optional(),
    user,
  }),
], ensureOneOf("present", "absent"));

export type SshKnownHostParams = z.infer<typeof sshKnownHostSchema>;

import { z } from "zod";
import { absent, ensureOneOf, onlyWhenPresent, present } from "./parameters.ts";

const NAME_HINT = 'expected the name of a host, like "db.internal"';
const ADDRESS_HINT = 'expected an IPv4 or IPv6 address, like "10.0.0.5" or "fd00::5"';

const name = z.string({ error: NAME_HINT }).max(253).regex(
  /^[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_])?$/,
  NAME_HINT,
);
const address = z.union([z.ipv4(), z.ipv6(), z.string().regex(/^fe80:[0-9a-fA-F:]+%[\w.-]+$/)], {
  error: ADDRESS_HINT,
});

/** A name in hosts(5). */
export const hostSchema = z.discriminatedUnion("ensure", [
  z.strictObject({
    ensure: present,
    /** The first name of the line. */
    name,
    ip: address,
    /** The other names of the line, all of them; those that are there stay when this is not given. */
    aliases: z.array(name).max(100).optional(),
  }),
  z.strictObject({
    ensure: absent,
    name,
    /** Without one every address of the name goes. */
    ip: address.optional(),
  }, onlyWhenPresent),
], ensureOneOf("present", "absent"));

export type HostParams = z.infer<typeof hostSchema>;

import { z } from "zod";
import { absent, ensureOneOf, onlyWhenPresent, present } from "./parameters.ts";

const KEY_HINT = 'expected a kernel parameter, like "net.ipv4.ip_forward"';
const VALUE_HINT = 'expected a value on one line, like 1 or "4096 131072 6291456"';

/**
 * As in sysctl.conf(5): what separates the first two parts separates all; the other sign stands for itself in a name
 * (`net/ipv4/conf/eth0.100/forwarding`).
 */
const key = z.string({ error: KEY_HINT }).max(255).regex(
  /^[a-z][a-z0-9_-]*[./][A-Za-z0-9_@:-]([A-Za-z0-9_@:./-]*[A-Za-z0-9_@:-])?$/,
  KEY_HINT,
).refine((text) => !/[./]{2}/.test(text), KEY_HINT);

/** A parameter of the kernel: its value now, and the one it gets when the machine starts. */
export const sysctlSchema = z.discriminatedUnion("ensure", [
  z.strictObject({
    ensure: present,
    key,
    /** Text as the kernel shows it; spaces and tabs between numbers count as one space. */
    value: z.union([
      z.number().int(),
      z.string().min(1, VALUE_HINT).max(1024).regex(
        /^[\x20-\x7e\t]*[\x21-\x7e][\x20-\x7e\t]*$/,
        VALUE_HINT,
      ),
    ], { error: VALUE_HINT }),
  }),
  /** The value is not kept over a restart any more; what the kernel has now stays. */
  z.strictObject({ ensure: absent, key }, onlyWhenPresent),
], ensureOneOf("present", "absent"));

export type SysctlParams = z.infer<typeof sysctlSchema>;

/** The parts of a key, in either spelling: `["net", "ipv4", "conf", "eth0.100", "forwarding"]`. */
export function sysctlParts(key: string): readonly string[] {
  const separator = key.match(/[./]/)?.[0] ?? ".";
  const other = separator === "." ? "/" : ".";
  return key.split(separator).map((part) => separator === "." ? part.replaceAll(other, ".") : part);
}

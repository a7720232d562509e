import { z } from "zod";
import { absent } from "./parameters.ts";

/** Firewalls; each that Vigo can use has one file on the agent. Without a choice the agent takes the one it finds. */
export const FIREWALL_PROVIDERS = ["nftables", "firewalld", "ufw", "pf"] as const;

export type FirewallProviderName = typeof FIREWALL_PROVIDERS[number];

const MAX_PORTS = 100;
const MAX_NETWORKS = 1000;

const PORT_HINT = 'expected a port like 443, a range like "8000-8100", or a list of them';
const NETWORK_HINT = 'expected an address or network, like "10.0.0.0/8" or "2001:db8::/32"';
const NAME_HINT = "expected a name of letters, digits, blanks and . _ : / - of at most 64";

const portRange = z.string().regex(/^\d{1,5}(-\d{1,5})?$/, PORT_HINT).refine((text) => {
  const [from = 0, to = from] = text.split("-").map(Number);
  return from >= 1 && to <= 65535 && from <= to;
}, PORT_HINT);
const onePort = z.union([
  z.number().int().min(1).max(65535).transform(String),
  portRange,
], { error: PORT_HINT });

/** Ports as text, sorted: `["443", "8000-8100"]`. */
const ports = z.union([
  onePort.transform((port) => [port]),
  z.array(onePort).min(1).max(MAX_PORTS).transform((list) =>
    [...new Set(list)].sort((a, b) => Number.parseInt(a) - Number.parseInt(b) || (a < b ? -1 : 1))
  ),
], { error: PORT_HINT });

const network = z.union([z.ipv4(), z.ipv6(), z.cidrv4(), z.cidrv6()], { error: NETWORK_HINT });
const networks = z.union([
  network.transform((one) => [one]),
  z.array(network).min(1).max(MAX_NETWORKS).transform((list) => [...new Set(list)].sort()),
], { error: 'expected a network like "10.0.0.0/8", or a list of them' }).refine(
  (list) => list.every((one) => one.includes(":")) || list.every((one) => !one.includes(":")),
  "expected networks of IPv4 alone or of IPv6 alone: make two rules",
);

const INTERFACE_HINT = 'expected the name of an interface, like "eth0"';
const direction = z.enum(["in", "out"], { error: "expected direction to be in or out" }).default(
  "in",
);
const provider = z.enum(FIREWALL_PROVIDERS, {
  error: `expected provider to be ${FIREWALL_PROVIDERS.join(", ")}`,
}).optional();
/** It is the rule's comment in the kernel, by which it is found again. */
const name = z.string({ error: NAME_HINT }).regex(
  /^[A-Za-z0-9][A-Za-z0-9 ._:\/-]{0,63}$/,
  NAME_HINT,
);

/**
 * One rule of Vigo's own table, or (`ensure: default`) what becomes of packets that no rule decides. Nothing outside that
 * table is touched, and without an `ensure: default` whatever no rule decides is accepted.
 */
export const firewallSchema = z.discriminatedUnion("ensure", [
  z.strictObject({
    ensure: z.literal("present").optional().default("present"),
    name,
    direction,
    /** Without it all protocols. */
    proto: z.enum(["tcp", "udp", "icmp", "icmpv6", "igmp"], {
      error: "expected proto to be tcp, udp, icmp, icmpv6 or igmp",
    }).optional(),
    /** Where a packet goes; needs `proto` tcp or udp. */
    port: ports.optional(),
    source: networks.optional(),
    destination: networks.optional(),
    /** By which a packet comes in, or goes out. */
    interface: z.string({ error: INTERFACE_HINT }).regex(
      /^[A-Za-z0-9][A-Za-z0-9._@-]{0,14}$/,
      INTERFACE_HINT,
    ).optional(),
    action: z.enum(["accept", "drop", "reject"], {
      error: "expected action to be accept, drop or reject",
    }),
    /** Rules of lower order are asked first; of those with the same, by name. */
    order: z.number().int().min(0).max(9999).default(500),
    provider,
  }).superRefine((rule, context) => {
    if (rule.port !== undefined && rule.proto !== "tcp" && rule.proto !== "udp") {
      context.addIssue({
        code: "custom",
        path: ["port"],
        message: "needs proto: tcp or proto: udp",
      });
    }
    const families = [...rule.source ?? [], ...rule.destination ?? []].map((one) =>
      one.includes(":")
    );
    const isMixed = families.includes(true) && families.includes(false) ||
      (rule.proto === "icmp" || rule.proto === "igmp") && families.includes(true) ||
      rule.proto === "icmpv6" && families.includes(false);
    if (isMixed) {
      context.addIssue({
        code: "custom",
        path: [rule.source === undefined ? "destination" : "source"],
        message: "is of another IP version than the rest of the rule: it would never match",
      });
    }
  }),
  z.strictObject({
    ensure: z.literal("default"),
    /** A label. */
    name,
    direction,
    action: z.enum(["accept", "drop"], { error: "expected action to be accept or drop" }),
    /**
     * Whether what the agent needs to reach its server stays open, whatever the rules say. Without it a mistake can end the
     * management of the machine.
     */
    protect_management: z.boolean().default(true),
    provider,
  }, { error: notWith("default") }),
  z.strictObject({ ensure: absent, name, provider }, { error: notWith("absent") }),
], { error: "expected ensure to be present, absent or default" });

export type FirewallParams = z.infer<typeof firewallSchema>;

function notWith(state: string): z.core.$ZodErrorMap {
  return (issue) =>
    issue.code === "unrecognized_keys"
      ? `${issue.keys.map((key) => `"${key}"`).join(", ")} cannot be combined with ensure: ${state}`
      : undefined;
}

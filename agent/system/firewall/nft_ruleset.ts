import type { ChainDefault, Direction, FirewallModel, FirewallRule } from "./firewall_model.ts";
import { isEmptyModel } from "./firewall_model.ts";
import { mergePorts, withoutContained } from "./intervals.ts";

/** What a rule's comment begins with; the name follows. */
export const RULE_COMMENT = "vigo: ";
/** What the comment of a rule that keeps the machine reachable begins with. */
const KEEP_COMMENT = "vigo keeps: ";

/** Without neighbour discovery there is no IPv6, as there is no IPv4 without ARP. */
const NEIGHBOURS =
  "icmpv6 type { nd-router-solicit, nd-router-advert, nd-neighbor-solicit, nd-neighbor-advert }";

/**
 * The kernel follows connections only from the first rule that asks about them; those that are older look new to it. What
 * does not begin a connection is part of one, and nobody can begin one without such a packet.
 */
const MIDSTREAM = "tcp flags & (fin | syn | rst | ack) != syn";

/** What nft(8) calls protocols that have another name here; it knows a number without /etc/protocols. */
const PROTOCOL_WORDS: Readonly<Record<string, string>> = { icmpv6: "ipv6-icmp", igmp: "2" };

/**
 * A script for nft(8) that replaces Vigo's own table in one transaction; of an empty model it removes the table. Rules that
 * keep the agent's way to its server open stand before all others.
 *
 * @param managementPorts The server's, by which the agent calls it.
 */
export function renderRuleset(
  model: FirewallModel,
  managementPorts: readonly number[],
): string {
  // Deleting a table that is not there would fail; adding one that is there does nothing.
  const removal = ["table inet vigo {}", "delete table inet vigo"];
  if (isEmptyModel(model)) return lines(removal);
  return lines([
    "# Kept by Vigo.",
    ...removal,
    "table inet vigo {",
    ...renderChain("in", model, managementPorts),
    ...renderChain("out", model, managementPorts),
    "}",
  ]);
}

function renderChain(
  direction: Direction,
  { rules, defaults }: FirewallModel,
  managementPorts: readonly number[],
): readonly string[] {
  const hook = direction === "in" ? "input" : "output";
  const chosen = defaults[direction];
  return [
    `  chain ${hook} {`,
    `    type filter hook ${hook} priority 0; policy ${chosen.action};`,
    ...renderProtection(direction, chosen, managementPorts).map((line) => `    ${line}`),
    ...rules.filter((rule) => rule.direction === direction).map((rule) =>
      `    ${renderRule(rule)}`
    ),
    "  }",
  ];
}

function renderProtection(
  direction: Direction,
  { protectManagement }: ChainDefault,
  managementPorts: readonly number[],
): readonly string[] {
  if (!protectManagement) return [];
  const keep = (match: string, what: string) => `${match} accept comment "${KEEP_COMMENT}${what}"`;
  const always = [
    keep("ct state established,related", "open connections"),
    keep(MIDSTREAM, "connections from before"),
    keep(`${direction === "in" ? "iifname" : "oifname"} "lo"`, "this machine itself"),
    keep(NEIGHBOURS, "IPv6 neighbours"),
  ];
  if (direction === "in") {
    return [...always, keep("udp sport { 67, 547 } udp dport { 68, 546 }", "an address")];
  }
  return [
    ...always,
    keep("udp dport { 67, 547 }", "an address"),
    keep("meta l4proto { tcp, udp } th dport 53", "names"),
    keep(`tcp dport { ${mergePorts(managementPorts.map(String)).join(", ")} }`, "the server"),
  ];
}

function renderRule(rule: FirewallRule): string {
  const { direction, proto, ports, source, destination, action, name } = rule;
  const device = direction === "in" ? "iifname" : "oifname";
  return [
    ...(rule.interface === undefined ? [] : [`${device} "${rule.interface}"`]),
    ...(source === undefined ? [] : [renderNetworks("saddr", source)]),
    ...(destination === undefined ? [] : [renderNetworks("daddr", destination)]),
    ...(proto === undefined ? [] : [renderProtocol(proto, ports)]),
    action === "reject" && proto === "tcp" ? "reject with tcp reset" : action,
    `comment "${RULE_COMMENT}${name}"`,
  ].join(" ");
}

function renderNetworks(which: "saddr" | "daddr", networks: readonly string[]): string {
  const family = networks.some((network) => network.includes(":")) ? "ip6" : "ip";
  return `${family} ${which} { ${withoutContained(networks).join(", ")} }`;
}

function renderProtocol(
  proto: NonNullable<FirewallRule["proto"]>,
  ports: readonly string[] | undefined,
): string {
  if (ports !== undefined) return `${proto} dport { ${mergePorts(ports).join(", ")} }`;
  return `meta l4proto ${PROTOCOL_WORDS[proto] ?? proto}`;
}

function lines(list: readonly string[]): string {
  return list.map((line) => `${line}\n`).join("");
}

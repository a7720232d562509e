import type { Json } from "../../shared/canonical/canonical_json.ts";
import type { Collector, InterfaceAddress, TraitSystem } from "./collector.ts";
import { chooseLanAddress, parseDefaultGateway, parseDefaultInterface } from "./lan_address.ts";
import { parseNetstatMtus } from "./netstat.ts";
import { prefixLength } from "./prefix_length.ts";
import { present } from "./present.ts";
import { readIfAllowed, readNumber, readOptional } from "./read_optional.ts";

/** Most interfaces listed: a container host can have thousands, which are nobody's trait. */
const MAX_INTERFACES = 64;
/** Ends of containers' networks, which come and go with them under random names. */
const PASSING = /^veth/;
/** Most name servers and search domains told; resolvers use three and six. */
const MAX_RESOLVERS = 8;

/** Interfaces with their addresses, the address on the LAN, the default route, and who resolves names. */
export const network: Collector = { name: "network", kind: "stable", collect };

async function collect(system: TraitSystem, signal: AbortSignal) {
  const addresses = system.networkInterfaces();
  const route = await findDefaultRoute(system, signal);
  const listed = system.platform === "linux" ? await system.list("/sys/class/net") : [];
  const names = [...new Set([...addresses.map(({ name }) => name), ...listed])]
    // Bonding keeps a file of its own beside the interfaces.
    .filter((name) => !PASSING.test(name) && name !== "bonding_masters").sort();
  const details = await readDetails(system, names.slice(0, MAX_INTERFACES), signal);
  const interfaces = Object.fromEntries(
    names.slice(0, MAX_INTERFACES).map((name) => {
      const own = addresses.filter((address) => address.name === name);
      const detail = details.get(name) ?? {};
      return [name, { ...describeAddresses(own), ...detail }] as const;
    }),
  );
  return present({
    hostname: system.hostname(),
    lan_address: chooseLanAddress(addresses, route.interface) ?? "",
    default_interface: route.interface ?? "",
    gateway: route.gateway,
    ...parseResolvers(await readIfAllowed(system, "/etc/resolv.conf") ?? ""),
    interfaces,
    omitted_interfaces: Math.max(0, names.length - MAX_INTERFACES),
  });
}

function describeAddresses(own: readonly InterfaceAddress[]) {
  const of = (family: string) =>
    own.filter((address) => address.family === family).map(({ address }) => address).sort();
  const networks = own.flatMap(({ address, netmask }) => {
    const length = prefixLength(netmask);
    return length === undefined ? [] : [`${address}/${length}`];
  });
  return { mac: own[0]?.mac ?? "", ipv4: of("IPv4"), ipv6: of("IPv6"), cidr: networks.sort() };
}

/** What the system tells of interfaces beside their addresses. */
async function readDetails(
  system: TraitSystem,
  names: readonly string[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, Record<string, Json>>> {
  if (system.platform === "darwin") {
    const mtus = parseNetstatMtus(await system.run(["/usr/sbin/netstat", "-in"], signal) ?? "");
    return new Map([...mtus].map(([name, mtu]) => [name, { mtu }]));
  }
  const details = await Promise.all(names.map(async (name) => {
    const folder = `/sys/class/net/${name}`;
    // Virtual interfaces have none, and one that is down says -1.
    const speed = await readNumber(system, `${folder}/speed`) ?? 0;
    return [
      name,
      present({
        mac: await readOptional(system, `${folder}/address`),
        mtu: await readNumber(system, `${folder}/mtu`),
        state: await readOptional(system, `${folder}/operstate`),
        speed_mbps: speed > 0 ? speed : undefined,
      }),
    ] as const;
  }));
  return new Map(details);
}

/** Parses resolv.conf(5): who answers questions for names, and the domains tried for short ones. */
export function parseResolvers(text: string): { nameservers: string[]; search: string[] } {
  const nameservers: string[] = [];
  let search: string[] = [];
  for (const line of text.split("\n")) {
    const [keyword, ...values] = line.replace(/[#;].*$/, "").trim().split(/\s+/);
    if (keyword === "nameserver" && values[0]) nameservers.push(values[0]);
    // The last of these lines counts.
    else if (keyword === "search" || keyword === "domain") search = values.filter(Boolean);
  }
  return {
    nameservers: nameservers.slice(0, MAX_RESOLVERS),
    search: search.slice(0, MAX_RESOLVERS),
  };
}

/** The default IPv4 route, as far as there is one. */
interface DefaultRoute {
  readonly interface?: string | undefined;
  readonly gateway?: string | undefined;
}

/** The interface that holds the default route, if there is one. */
export async function findDefaultInterface(
  system: TraitSystem,
  signal: AbortSignal,
): Promise<string | undefined> {
  return (await findDefaultRoute(system, signal)).interface;
}

async function findDefaultRoute(system: TraitSystem, signal: AbortSignal): Promise<DefaultRoute> {
  if (system.platform === "linux") {
    const routes = await system.readText("/proc/net/route") ?? "";
    return { interface: parseDefaultInterface(routes), gateway: parseDefaultGateway(routes) };
  }
  // route(8) fails when there is no default route, which is an answer.
  const answer = await system.run(["/sbin/route", "-n", "get", "default"], signal).catch(() => "");
  return {
    interface: answer?.match(/interface:\s*(\S+)/)?.[1],
    gateway: answer?.match(/gateway:\s*([0-9.]+)$/m)?.[1],
  };
}

import type { Collector, TraitSystem } from "./collector.ts";
import { chooseLanAddress, parseDefaultInterface } from "./lan_address.ts";

/** Most interfaces listed: a container host can have thousands, which are nobody's trait. */
const MAX_INTERFACES = 64;

/** Interfaces with their addresses, the address on the LAN, and the interface of the default route. */
export const network: Collector = { name: "network", kind: "stable", collect };

async function collect(system: TraitSystem, signal: AbortSignal) {
  const addresses = system.networkInterfaces();
  const defaultInterface = await findDefaultInterface(system, signal);
  const names = [...new Set(addresses.map(({ name }) => name))].sort();
  const interfaces = Object.fromEntries(
    names.slice(0, MAX_INTERFACES).map((name) => {
      const own = addresses.filter((address) => address.name === name);
      const of = (family: string) =>
        own.filter((address) => address.family === family).map(({ address }) => address).sort();
      return [name, { mac: own[0]?.mac ?? "", ipv4: of("IPv4"), ipv6: of("IPv6") }];
    }),
  );
  return {
    hostname: system.hostname(),
    lan_address: chooseLanAddress(addresses, defaultInterface) ?? "",
    default_interface: defaultInterface ?? "",
    interfaces,
    omitted_interfaces: Math.max(0, names.length - MAX_INTERFACES),
  };
}

/** The interface that holds the default route, if there is one. */
export async function findDefaultInterface(
  system: TraitSystem,
  signal: AbortSignal,
): Promise<string | undefined> {
  if (system.platform === "linux") {
    return parseDefaultInterface(await system.readText("/proc/net/route") ?? "");
  }
  // route(8) fails when there is no default route, which is an answer.
  const answer = await system.run(["/sbin/route", "-n", "get", "default"], signal).catch(() => "");
  return answer?.match(/interface:\s*(\S+)/)?.[1];
}

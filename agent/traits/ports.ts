import type { Json } from "../../shared/canonical/canonical_json.ts";
import type { Collector } from "./collector.ts";
import type { ListeningSocket } from "./listening_socket.ts";
import { readListeningSockets } from "./listening_sockets.ts";
import { readSocketOwners } from "./socket_owners.ts";

/** Most ports told of each protocol. */
const MAX_PORTS = 512;
/** Most addresses and programs told of one port. */
export const MAX_OF_PORT = 8;

/**
 * Ports on which something waits, by protocol and number: at which addresses, and which programs, where this user may know.
 * UDP ports that the system gave a program by itself are left out: they belong to a question that it asked. The kernel's
 * own, such as WireGuard's, are in.
 */
export const ports: Collector = {
  name: "ports",
  kind: "stable",
  async collect(system, signal) {
    const sockets = await readListeningSockets(system, signal);
    const owners = system.platform === "darwin"
      ? new Map<string, string>()
      : await readSocketOwners(
        system,
        new Set(sockets.flatMap(({ inode }) => inode === undefined ? [] : [inode])),
        signal,
      );
    const tcp = groupByPort(sockets.filter(({ protocol }) => protocol === "tcp"), owners);
    const udp = groupByPort(sockets.filter(({ protocol }) => protocol === "udp"), owners);
    return {
      tcp: Object.fromEntries(tcp.slice(0, MAX_PORTS)),
      udp: Object.fromEntries(udp.slice(0, MAX_PORTS)),
      omitted: Math.max(0, tcp.length - MAX_PORTS) + Math.max(0, udp.length - MAX_PORTS),
    };
  },
};

function groupByPort(
  sockets: readonly ListeningSocket[],
  owners: ReadonlyMap<string, string>,
): (readonly [port: string, facts: Json])[] {
  const groups = Map.groupBy(
    sockets.toSorted((a, b) => a.port - b.port),
    ({ port }) => String(port),
  );
  return [...groups].map(([port, group]) => {
    const addresses = [...new Set(group.map(({ address }) => address))].sort();
    const programs = [...new Set(group.flatMap(({ inode }) => owners.get(inode ?? "") ?? []))]
      .sort();
    return [port, {
      addresses: addresses.slice(0, MAX_OF_PORT),
      ...(programs.length > 0 ? { processes: programs.slice(0, MAX_OF_PORT) } : {}),
    }] as const;
  });
}

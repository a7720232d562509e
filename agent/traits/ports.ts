import type { Json } from "../../shared/canonical/canonical_json.ts";
import type { Collector, TraitSystem } from "./collector.ts";
import { parseNetstat } from "./netstat.ts";
import { parseProcNetSockets } from "./proc_net_sockets.ts";
import { readSocketOwners } from "./socket_owners.ts";

/** Most ports told of each protocol. */
const MAX_PORTS = 512;
/** Most addresses and programs told of one port. */
const MAX_OF_PORT = 8;

/** A socket that waits for others to begin. */
export interface ListeningSocket {
  readonly protocol: "tcp" | "udp";
  readonly address: string;
  readonly port: number;
  /** The kernel's number of it, by which its program is found; absent where the system does not tell. */
  readonly inode?: string;
}

/**
 * Ports on which something waits, by protocol and number: at which addresses, and which programs, where this user may know.
 * UDP ports that the system gave a program by itself are left out: they belong to a question that it asked. The kernel's
 * own, such as WireGuard's, are in.
 */
export const ports: Collector = {
  name: "ports",
  kind: "stable",
  async collect(system, signal) {
    const sockets = system.platform === "darwin"
      ? await readDarwin(system, signal)
      : await readLinux(system);
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

const TABLES = [
  { protocol: "tcp", path: "/proc/net/tcp" },
  { protocol: "tcp", path: "/proc/net/tcp6" },
  { protocol: "udp", path: "/proc/net/udp" },
  { protocol: "udp", path: "/proc/net/udp6" },
] as const;

async function readLinux(system: TraitSystem): Promise<readonly ListeningSocket[]> {
  const texts = await Promise.all(TABLES.map(({ path }) => system.readText(path)));
  // A kernel without IPv6 has two of them; none at all is no answer.
  if (texts.every((text) => text === undefined)) {
    throw new Error("the system does not tell which ports are open");
  }
  const range = await system.readText("/proc/sys/net/ipv4/ip_local_port_range");
  const [first = Infinity, last = -Infinity] = (range?.trim() || undefined)?.split(/\s+/)
    .map(Number) ?? [];
  return TABLES.flatMap(({ protocol }, index) => parseProcNetSockets(texts[index] ?? "", protocol))
    .filter(({ protocol, port, inode }) =>
      protocol === "tcp" || port < first || port > last || inode === undefined
    );
}

/** Ports that macOS gives to programs that name none. */
const DARWIN_EPHEMERAL = 49_152;

async function readDarwin(
  system: TraitSystem,
  signal: AbortSignal,
): Promise<readonly ListeningSocket[]> {
  const texts = await Promise.all(
    ["tcp", "udp"].map((protocol) =>
      system.run(["/usr/sbin/netstat", "-an", "-p", protocol], signal)
    ),
  );
  if (texts.some((text) => text === undefined)) {
    throw new Error("the system does not tell which ports are open");
  }
  return parseNetstat(texts.join("\n")).filter(({ protocol, port }) =>
    protocol === "tcp" || port < DARWIN_EPHEMERAL
  );
}

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

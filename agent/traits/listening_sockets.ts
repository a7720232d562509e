import type { TraitSystem } from "./collector.ts";
import type { ListeningSocket } from "./listening_socket.ts";
import { parseNetstat } from "./netstat.ts";
import { parseProcNetSockets } from "./proc_net_sockets.ts";

/**
 * The sockets on which something waits now. UDP ports that the system gave a program by itself are left out.
 *
 * @throws {Error} if the system does not tell.
 */
export function readListeningSockets(
  system: TraitSystem,
  signal: AbortSignal,
): Promise<readonly ListeningSocket[]> {
  return system.platform === "darwin" ? readDarwin(system, signal) : readLinux(system);
}

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

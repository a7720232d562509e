import type { ListeningSocket } from "./listening_socket.ts";

/**
 * Parses `netstat -an -p tcp|udp` of macOS into the sockets that wait for others: protocol, two counts, the local address
 * with the port after its last dot, the other end, and for TCP a state.
 */
export function parseNetstat(text: string): readonly ListeningSocket[] {
  return text.split("\n").flatMap((line): ListeningSocket[] => {
    const [kind = "", , , local = "", remote, state] = line.trim().split(/\s+/);
    const protocol = kind.startsWith("tcp") ? "tcp" : kind.startsWith("udp") ? "udp" : undefined;
    const match = local.match(/^(.+)\.(\d{1,5})$/);
    if (protocol === undefined || !match?.[1] || remote !== "*.*") return [];
    if (protocol === "tcp" && state !== "LISTEN") return [];
    const anywhere = kind.endsWith("4") ? "0.0.0.0" : "::";
    const address = match[1] === "*" ? anywhere : match[1].replace(/%.*$/, "");
    return [{ protocol, address, port: Number(match[2]) }];
  }).filter(({ port }) => port > 0 && port < 65_536);
}

/** Parses the MTU of each interface from `netstat -in` of macOS: name, MTU, network, and more. */
export function parseNetstatMtus(text: string): ReadonlyMap<string, number> {
  const mtus = new Map<string, number>();
  for (const line of text.split("\n").slice(1)) {
    const [name, mtu] = line.trim().split(/\s+/);
    // A star marks an interface that is down.
    if (name && /^\d{1,7}$/.test(mtu ?? "")) mtus.set(name.replace(/\*$/, ""), Number(mtu));
  }
  return mtus;
}

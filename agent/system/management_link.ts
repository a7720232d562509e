/** How this machine reaches its server at the moment. */
export interface ManagementLink {
  /** Whether a connection to a server's port is open over IPv6. */
  usesIpv6(): Promise<boolean>;
}

/** The ports by which agents reach their server, unless it was configured otherwise: check-ins, and everything else. */
export const MANAGEMENT_PORTS: readonly number[] = [1530, 8443];

/** State of an open connection in /proc/net/tcp6 (the kernel's TCP_ESTABLISHED). */
const ESTABLISHED = "01";
/** How the kernel prints an IPv4 address mapped into IPv6: ::ffff:0:0/96 in host order, and ::1. */
const MAPPED = /^0000000000000000FFFF0000/;
const LOOPBACK = "00000000000000000000000001000000";

/**
 * Whether the table of proc(5)'s /proc/net/tcp6 has an open connection to one of `ports` on another machine; loopback
 * lasts without IPv6, and a mapped address is IPv4.
 */
export function hasOpenIpv6Link(table: string, ports: readonly number[]): boolean {
  return table.split("\n").slice(1).some((line) => {
    const [, , remote = "", state] = line.trim().split(/\s+/);
    const [address = "", port = ""] = remote.split(":");
    return state === ESTABLISHED && ports.includes(Number.parseInt(port, 16)) &&
      !MAPPED.test(address) && address !== LOOPBACK;
  });
}

/** The connections of this machine. */
export class LocalManagementLink implements ManagementLink {
  constructor(private readonly ports: readonly number[] = MANAGEMENT_PORTS) {}

  async usesIpv6(): Promise<boolean> {
    try {
      return hasOpenIpv6Link(await Deno.readTextFile("/proc/net/tcp6"), this.ports);
    } catch (error) {
      // A kernel without IPv6 has no such table.
      if (error instanceof Deno.errors.NotFound) return false;
      throw error;
    }
  }
}

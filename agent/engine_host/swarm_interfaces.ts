import type { NetworkInterface } from "../swarm/channel.ts";
import type { InterfaceAddress } from "../traits/collector.ts";
import { isLanInterface, isLoopback } from "../traits/lan_address.ts";

/** Netmask of loopback, whose addresses need not be configured to be used. */
const LOOPBACK_NETMASK = "255.0.0.0";

/**
 * The addresses on which the swarm may be found: every IPv4 address of the LAN, or the one that is configured to listen
 * on. Discovery is multicast over IPv4.
 *
 * @param speedMbps of an interface by its name, if the system tells.
 */
export function swarmInterfaces(
  addresses: readonly InterfaceAddress[],
  listenAddress: string | undefined,
  speedMbps: (name: string) => number | undefined,
): readonly NetworkInterface[] {
  if (listenAddress !== undefined && isLoopback(listenAddress)) {
    const name = addresses.find(({ address }) => isLoopback(address))?.name ?? "lo";
    return [{ name, address: listenAddress, netmask: LOOPBACK_NETMASK }];
  }
  return addresses
    .filter(({ name, family, address }) =>
      family === "IPv4" && !isLoopback(address) &&
      (listenAddress === undefined || listenAddress === "0.0.0.0"
        ? isLanInterface(name)
        : address === listenAddress)
    )
    .map(({ name, address, netmask }) => {
      const speed = speedMbps(name);
      return { name, address, netmask, ...(speed === undefined ? {} : { speedMbps: speed }) };
    });
}

/** Parses `/sys/class/net/<name>/speed`; drivers without one say -1 or fail. */
export function parseSpeed(text: string | undefined): number | undefined {
  const speed = Number(text?.trim());
  return Number.isInteger(speed) && speed > 0 ? speed : undefined;
}

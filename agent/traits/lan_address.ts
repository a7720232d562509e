import type { InterfaceAddress } from "./collector.ts";

/** Interfaces that never reach the LAN: containers, bridges, virtual machines, tunnels. */
const NOT_LAN =
  /^(docker|podman|cni|flannel|cali|br-|veth|virbr|vnet|vmnet|lxc|lxdbr|u?tun|tap|wg|tailscale|zt|ppp|ipsec)/;

/** Whether addresses of this interface may be announced to other machines. */
export function isLanInterface(name: string): boolean {
  return !NOT_LAN.test(name);
}

/** The interface's index on its bus, so that eth2 comes before eth10. */
const byName = new Intl.Collator("en", { numeric: true });

/**
 * The address under which other machines reach this one: that of the interface which holds the default route, else the
 * first of the others; IPv4 before IPv6, loopback and link-local never. With `listenAddress` on loopback, that one.
 *
 * @param defaultInterface name of the interface with the default route, if known.
 */
export function chooseLanAddress(
  addresses: readonly InterfaceAddress[],
  defaultInterface: string | undefined,
  listenAddress?: string,
): string | undefined {
  if (listenAddress !== undefined && !isUnspecified(listenAddress)) return listenAddress;
  const usable = addresses.filter(({ name, address }) =>
    isLanInterface(name) && !isLoopback(address) && !isLinkLocal(address)
  );
  const rank = ({ name, family }: InterfaceAddress) =>
    (name === defaultInterface ? 0 : 2) + (family === "IPv4" ? 0 : 1);
  return usable.toSorted((a, b) => rank(a) - rank(b) || byName.compare(a.name, b.name))[0]?.address;
}

/** 127.0.0.0/8 or ::1. */
export function isLoopback(address: string): boolean {
  return /^127\./.test(address) || address === "::1";
}

function isLinkLocal(address: string): boolean {
  return /^169\.254\./.test(address) || /^fe[89ab]/i.test(address);
}

/** 0.0.0.0 or ::, which stand for every address. */
export function isUnspecified(address: string): boolean {
  return address === "0.0.0.0" || address === "::";
}

/** The interface of the default IPv4 route with the lowest metric, from the text of `/proc/net/route`. */
export function parseDefaultInterface(procNetRoute: string): string | undefined {
  return findDefaultRoute(procNetRoute)?.[0];
}

/** The router of that route; `undefined` if the network is reached without one. */
export function parseDefaultGateway(procNetRoute: string): string | undefined {
  const hex = findDefaultRoute(procNetRoute)?.[2];
  if (hex === undefined || !/^[0-9A-F]{8}$/.test(hex) || hex === "00000000") return undefined;
  return (hex.match(/../g) ?? []).reverse().map((byte) => Number.parseInt(byte, 16)).join(".");
}

function findDefaultRoute(procNetRoute: string): readonly string[] | undefined {
  return procNetRoute.split("\n").slice(1)
    .map((line) => line.trim().split(/\s+/))
    .filter(([name, destination, , , , , , mask]) =>
      name !== undefined && isLanInterface(name) && destination === "00000000" &&
      mask === "00000000"
    )
    .toSorted((a, b) => Number(a[6]) - Number(b[6]))[0];
}

import { parseEndpoint } from "../../../shared/swarm/announce_line.ts";
import type { EngineStart, NetworkInterface } from "../channel.ts";
import type { PeerEndpoint } from "../peers/peer_registry.ts";
import type { AnnounceInterface } from "./multicast.ts";

type Settings = Pick<EngineStart, "announceAddress" | "listenAddress">;

/** The address that the configuration has announced in place of the real ones; `undefined` if it names none. */
export function announcedEndpoint({ announceAddress }: Settings): PeerEndpoint | undefined {
  return announceAddress === undefined ? undefined : parseEndpoint(announceAddress);
}

/** The one address that the peer server listens on; `undefined` if it listens on all. */
export function soleAddress({ listenAddress }: Settings): string | undefined {
  return listenAddress === "0.0.0.0" || listenAddress === "::" ? undefined : listenAddress;
}

/**
 * Where the group is joined: on the address that was asked for, or on every interface there is, once each. An announced
 * address that is one of this machine's is the only one that announcements leave from, since peers look for an envoy only
 * where its datagrams come from.
 */
export function announceInterfaces(
  settings: Settings,
  interfaces: readonly NetworkInterface[],
): readonly AnnounceInterface[] {
  const sole = soleAddress(settings);
  if (sole !== undefined) {
    const name = interfaces.find(({ address }) => address === sole)?.name ?? sole;
    return [{ name, address: sole, isSpoken: true }];
  }
  const announced = ownAnnounced(settings, interfaces)?.address;
  const byName = new Map<string, string>();
  for (const { name, address } of interfaces) {
    if (!byName.has(name) || address === announced) byName.set(name, address);
  }
  return [...byName].map(([name, address]) => ({
    name,
    address,
    isSpoken: announced === undefined || address === announced,
  }));
}

/**
 * The address that calls to peers leave from, so that they see the one under which this envoy is to be found; `undefined`
 * leaves it to the system.
 */
export function callingAddress(
  settings: Settings,
  interfaces: readonly NetworkInterface[],
): string | undefined {
  return soleAddress(settings) ?? ownAnnounced(settings, interfaces)?.address;
}

/** The announced address if it is one of this machine's, and not that of a router before it. */
function ownAnnounced(
  settings: Settings,
  interfaces: readonly NetworkInterface[],
): PeerEndpoint | undefined {
  const announced = announcedEndpoint(settings);
  return interfaces.some(({ address }) => address === announced?.address) ? announced : undefined;
}

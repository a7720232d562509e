import type { Announcement } from "../../../shared/swarm/announce_line.ts";
import type { Manifest } from "../../../shared/swarm/manifest.ts";
import type { PeerEndpoint, ProvenPeer } from "../peers/peer_registry.ts";
import type { Announcer } from "./announcer.ts";

/** What an announcement may touch: it causes questions, never a change of state. */
export interface AnnouncementHints {
  readonly announcer: Pick<Announcer, "noteInstance" | "noteHave" | "noteWant">;
  readonly manifest: Pick<Manifest, "digest" | "isLive">;
  readonly nowMs: number;
  /** The proven peer at an address. */
  readonly peerAt: (endpoint: PeerEndpoint) => ProvenPeer | undefined;
  /** An address that nobody has proven yet. */
  readonly suggest: (endpoint: PeerEndpoint) => void;
  /** The peer's manifest differs: ask it. */
  readonly sync: (peer: ProvenPeer) => void;
  /** The peer says that it holds something of a live blob. */
  readonly claim: (sha256: string, peer: ProvenPeer) => void;
  /** Whether this envoy could answer a want. */
  readonly isHeld: (sha256: string) => boolean;
}

/**
 * Follows what one datagram said. Its sender is only ever looked for at the address the datagram came from, and claims
 * count only from peers that have proven themselves there.
 */
export function followAnnouncement(
  { instance, lines }: Announcement,
  sourceAddress: string,
  { announcer, manifest, nowMs, ...hints }: AnnouncementHints,
): void {
  announcer.noteInstance(instance, nowMs);
  const named = lines.flatMap((line) => line.kind === "addr" ? [line] : []);
  const own = named.find(({ address }) => address === sourceAddress) ?? named[0];
  const endpoint = own && { address: sourceAddress, port: own.port };
  const peer = endpoint && hints.peerAt(endpoint);
  if (endpoint && !peer) hints.suggest(endpoint);
  for (const line of lines) {
    switch (line.kind) {
      case "have":
        // Anybody could say so to keep those who do hold it from answering.
        if (!peer || line.have === 0) break;
        announcer.noteHave(line.sha256);
        if (manifest.isLive(line.sha256)) hints.claim(line.sha256, peer);
        break;
      case "want":
        if (hints.isHeld(line.sha256)) announcer.noteWant(line.sha256, nowMs);
        break;
      case "manifest":
        if (peer && line.digest !== manifest.digest()) hints.sync(peer);
        break;
      case "revoke":
        if (peer && manifest.isLive(line.sha256)) hints.sync(peer);
        break;
      case "addr":
        break;
    }
  }
}

import { announcedEndpoint } from "../discovery/announce_interfaces.ts";
import { Discovery } from "../discovery/discovery.ts";
import { followAnnouncement } from "../discovery/follow_announcement.ts";
import type { EngineSessionOptions } from "./engine_session_options.ts";
import type { SessionParts } from "./session_parts.ts";

/**
 * The discovery of a session, not yet started: it announces what the parts hold and want, and tells them what others
 * announce.
 *
 * @param port Where this envoy's peer server listens.
 */
export function announceAndFollow(
  { facts, instance, log }: Pick<EngineSessionOptions, "facts" | "instance" | "log">,
  { announcer, book, claims, content, gossip, peers, receiver, scope }: SessionParts,
  port: number,
): Discovery {
  const { start } = facts();
  return new Discovery({
    instance,
    announcer,
    scope,
    port,
    discoveryPort: start.discoveryPort,
    announced: announcedEndpoint(start),
    facts: () =>
      book.quietReason === undefined
        ? content.announceFacts()
        : { manifestDigest: book.manifest.digest(), held: [], wanted: [] },
    onAnnouncement: (announcement, address) => {
      followAnnouncement(announcement, address, {
        announcer,
        manifest: book.manifest,
        nowMs: Date.now(),
        peerAt: (endpoint) => peers.at(endpoint),
        suggest: (endpoint) => peers.suggest([endpoint], "multicast"),
        sync: (peer) => gossip.syncSoon(peer),
        claim: (sha256, { uuid }) => {
          claims.note(sha256, uuid);
          receiver.download(sha256)?.noteHolder(uuid);
        },
        isHeld: (sha256) => content.holds(sha256),
      });
    },
    log,
  });
}

import type { Discovery } from "../discovery/discovery.ts";
import { knock } from "../peers/knock.ts";
import { PeerRoutes } from "../peers/peer_routes.ts";
import { PeerServer } from "../peers/peer_server.ts";
import { certificateFingerprint } from "../peers/peer_identity.ts";
import { ReachDesk } from "../peers/reach_desk.ts";
import { isExpelled, portOf } from "./engine_facts.ts";
import type { EngineSessionOptions } from "./engine_session_options.ts";
import type { SessionParts } from "./session_parts.ts";

/**
 * Listens for peers, and answers them with what the parts of a session know and hold.
 *
 * @param discovery What has heard of machines by multicast; absent until it has begun.
 * @throws {UnfitRuntimeError} if the listener serves strangers: trying again would not help.
 * @throws {Error} if the port cannot be bound.
 */
export function servePeers(
  { facts, log, relay }: Pick<EngineSessionOptions, "facts" | "log" | "relay">,
  { bandwidth, book, content, hearing, peers, receiver, scope, storage }: SessionParts,
  discovery: () => Discovery | undefined,
): Promise<PeerServer> {
  const { start } = facts();
  const { identity, ca } = start;
  const ownFingerprint = certificateFingerprint(identity.certificate);
  const reachDesk = new ReachDesk({
    knock: (endpoint, uuid) => knock({ endpoint, uuid, identity, ca, signal: scope.signal }),
    heard: (address) => ({
      lastMs: discovery()?.heard.lastMs(address),
      sinceMs: discovery()?.details.sinceMs,
    }),
    now: Date.now,
  });
  return PeerServer.start({
    identity,
    ca,
    address: start.listenAddress,
    port: portOf(facts()),
    isRevoked: (peer) => isExpelled(facts(), peer),
    onCaller: (peer, endpoint) => peers.noteCaller(peer, endpoint),
    routes: new PeerRoutes({
      blob: (sha256) => content.serve(sha256),
      noteHeld: (sha256, uuid, bits) => receiver.download(sha256)?.noteHeld(uuid, bits),
      recheck: (sha256, chunk) => content.recheck(sha256, chunk),
      manifestPage: (since) =>
        book.quietReason === undefined ? book.page(since, facts().fleet.serial) : undefined,
      hears: ({ uuid }) => !hearing.isDeafTo(uuid),
      acceptPush: async (entries, from) => void await hearing.hear(from, entries),
      fleet: () => facts().fleetSigned,
      exchange: () => peers.exchangeText(),
      reach: (peer, caller) => reachDesk.answer(peer, caller),
      storage: (purpose) => storage.answer(purpose),
      hasRoom: () => storage.hasRoomForPush(),
      relay: (question) => relay({ ...question, ownFingerprint }),
      takeUpload: (sizeBytes) => bandwidth.takeUpload(sizeBytes, scope.signal),
      log,
    }),
  });
}

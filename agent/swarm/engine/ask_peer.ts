import type { TlsIdentity } from "../../../shared/platform/client_certificate_probe.ts";
import { PeerError } from "../peers/peer_error.ts";
import { certificateFingerprint } from "../peers/peer_identity.ts";
import type { PeerQuestion, PeerReply } from "../relay.ts";
import type { SessionParts } from "./session_parts.ts";

/** Addresses tried for one name: where it was proven, and where it was before. */
const MAX_ADDRESSES = 4;

/** Asks the peer whose certificate has that hostname; a peer of another name is never asked twice for it. */
export async function askPeer(
  { host, ...question }: PeerQuestion,
  { peers, client, scope }: Pick<SessionParts, "peers" | "client" | "scope">,
  identity: TlsIdentity,
): Promise<PeerReply> {
  const named = [...peers.all(), ...peers.absent()].filter(({ hostname }) => hostname === host);
  let failure: PeerReply = {
    ok: false,
    reason:
      `no peer called ${host} is known here; see "vigo swarm peers list" and "vigo swarm doctor ${host}"`,
  };
  for (const endpoint of named.slice(0, MAX_ADDRESSES)) {
    try {
      const { peer, body } = await client.ask(endpoint, question, scope.signal);
      if (peer.hostname !== host) {
        failure = {
          ok: false,
          reason: `the peer at that address is ${peer.hostname}, not ${host}`,
        };
        continue;
      }
      const ownFingerprint = certificateFingerprint(identity.certificate);
      return { ok: true, peer, ownFingerprint, body };
    } catch (error) {
      if (!(error instanceof PeerError)) throw error;
      const { message, status } = error;
      failure = { ok: false, reason: message, ...(status === undefined ? {} : { status }) };
      // It was the right one, and it said no.
      if (status !== undefined) break;
    }
  }
  return failure;
}

import type { EngineLog } from "../runtime/engine_log.ts";
import type { PeerClient } from "../peers/peer_client.ts";
import { PeerError } from "../peers/peer_error.ts";
import type { PeerEndpoint } from "../peers/peer_registry.ts";

/** A chunk whose bytes came wrong, and from where. */
export interface WrongChunk {
  readonly endpoint: PeerEndpoint;
  readonly sha256: string;
  readonly chunk: number;
}

/** Has the sender of wrong bytes look at its own copy: it may not know that its disk or memory changed what it had. */
export async function tellSender(
  { endpoint, sha256, chunk }: WrongChunk,
  { client, log }: {
    readonly client: Pick<PeerClient, "requestRecheck">;
    readonly log: EngineLog;
  },
  signal: AbortSignal,
): Promise<void> {
  try {
    const { peer, sound } = await client.requestRecheck(endpoint, sha256, chunk, signal);
    log("info", "a peer looked at the chunk that came wrong", {
      peer: peer.hostname,
      sha256,
      chunk,
      sound,
    });
  } catch (error) {
    if (!(error instanceof PeerError)) throw error;
    log("debug", "a peer could not look at the chunk that came wrong", {
      sha256,
      chunk,
      reason: error.message,
    });
  }
}

import type { ManifestEntry, UnsignedManifestEntry } from "../../../shared/swarm/manifest_entry.ts";
import type { FromEngine, LinkOutcome, SwarmLinks } from "../channel.ts";
import type { Hasher } from "../hashing/hasher.ts";
import type { RelayedQuestion, RelayedReply } from "../relay.ts";
import type { ServerSource } from "../transfer/last_resort.ts";
import type { EngineFacts } from "./engine_facts.ts";
import type { EngineLog } from "../runtime/engine_log.ts";

/** What the engine gives to a session: facts in, messages out, and what only the daemon can do. */
export interface EngineSessionOptions {
  /** The newest facts; they change while the session runs. */
  readonly facts: () => EngineFacts;
  /** Name of this engine start. */
  readonly instance: string;
  readonly hasher: Hasher;
  readonly post: (message: FromEngine) => void;
  readonly sign: (entry: UnsignedManifestEntry) => Promise<ManifestEntry>;
  /** Has the daemon ask the server for content. */
  readonly fetchContent: ServerSource["fetch"];
  /** Has the daemon's side make these links and no others. */
  readonly link: (links: SwarmLinks) => Promise<LinkOutcome>;
  /** Has the daemon answer a peer's question. */
  readonly relay: (question: RelayedQuestion) => Promise<RelayedReply>;
  readonly log: EngineLog;
}

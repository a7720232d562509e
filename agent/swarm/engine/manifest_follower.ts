import type { ManifestEntry } from "../../../shared/swarm/manifest_entry.ts";
import type { FromEngine } from "../channel.ts";
import type { EngineLog } from "../runtime/engine_log.ts";
import { letGoOfBlobs } from "./let_go_of_blobs.ts";
import type { SessionParts } from "./session_parts.ts";

export interface ManifestFollowerOptions {
  readonly parts: SessionParts;
  /** Public key of this envoy, in hex. */
  readonly author: string;
  readonly post: (message: FromEngine) => void;
  readonly log: EngineLog;
  /** Something is wanted or not wanted any more. */
  readonly onWish: () => void;
  /** What is here of some blob belongs to nothing any more. */
  readonly onUntidy: () => void;
  readonly onChange: () => void;
}

/** Has the parts of a session, the peers and the daemon follow what changes in the manifest. */
export class ManifestFollower {
  readonly #options: ManifestFollowerOptions;
  /** Signatures of cells that the server is just handing over: it need not hear of them. */
  readonly #fromServer = new Set<string>();

  constructor(options: ManifestFollowerOptions) {
    this.#options = options;
  }

  /** Runs what takes in the server's cells: it need not hear of them again. */
  async hearServer(entries: readonly ManifestEntry[], take: () => Promise<void>): Promise<void> {
    for (const { signature } of entries) this.#fromServer.add(signature);
    try {
      await take();
    } finally {
      this.#fromServer.clear();
    }
  }

  /** The manifest has news. */
  noteNews(entries: readonly ManifestEntry[]): void {
    const { author, onUntidy, onWish, onChange } = this.#options;
    const { announcer, book, claims, content, gossip, scope, seeds } = this.#options.parts;
    const untold = entries.filter(({ signature }) => !this.#fromServer.has(signature));
    if (untold.length > 0) this.#tellDaemon(untold);
    const urgent = entries.filter((entry) => entry.author === author || entry.state === "revoked");
    if (urgent.length > 0) gossip.push(urgent);
    for (const { sha256 } of entries) {
      if (!book.manifest.isRevoked(sha256)) continue;
      onUntidy();
      claims.forget(sha256);
      content.forget(sha256);
      announcer.noteRevoked(sha256, Date.now());
      if (seeds.has(sha256)) {
        scope.run("burial of a seed", () => seeds.noteRevoked(sha256));
      }
    }
    announcer.noteChange(Date.now());
    onWish();
    onChange();
  }

  /** Entries are not believed any more: what is here of their blobs goes. */
  noteDropped(entries: readonly ManifestEntry[]): void {
    const { parts, log, onChange } = this.#options;
    letGoOfBlobs(entries, parts, { log, onGone: onChange });
    this.#tellDaemon([]);
    onChange();
  }

  /** Entries do not stand any more: own seeds among them are registered again with the next scan. */
  noteUnsaid(entries: readonly ManifestEntry[]): void {
    const { parts: { seeds }, onWish, onChange } = this.#options;
    for (const { sha256 } of entries) seeds.forgetStamp(sha256);
    this.#tellDaemon([]);
    onWish();
    onChange();
  }

  /** Tells all that this envoy says itself, which a daemon that has just started does not know. */
  tellOwn(): void {
    const { parts: { book }, author } = this.#options;
    this.#tellDaemon(book.manifest.all().filter((entry) => entry.author === author));
  }

  #tellDaemon(entries: readonly ManifestEntry[]): void {
    const { parts: { book }, post } = this.#options;
    post({ kind: "entries", entries, digest: book.manifest.digest() });
  }
}

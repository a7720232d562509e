import type { ManifestEntry } from "../../shared/swarm/manifest_entry.ts";

/** Own entries remembered for the server, the limit of a manifest. */
const MAX_OWN_ENTRIES = 20_000;

/** The newest entries that this envoy signed, one for each blob; beyond the limit those that changed longest ago go. */
export class OwnEntries {
  readonly #author: string;
  readonly #bySha256 = new Map<string, ManifestEntry>();

  /** @param author The envoy's public key, in hex. */
  constructor(author: string) {
    this.#author = author;
  }

  all(): readonly ManifestEntry[] {
    return [...this.#bySha256.values()];
  }

  /** Keeps those among them that are this envoy's. */
  remember(entries: readonly ManifestEntry[]): void {
    for (const entry of entries) {
      if (entry.author !== this.#author) continue;
      this.#bySha256.delete(entry.sha256);
      this.#bySha256.set(entry.sha256, entry);
    }
    for (const sha256 of this.#bySha256.keys()) {
      if (this.#bySha256.size <= MAX_OWN_ENTRIES) break;
      this.#bySha256.delete(sha256);
    }
  }
}

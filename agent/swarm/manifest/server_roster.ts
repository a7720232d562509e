import { MAX_MANIFEST_ENTRIES } from "../../../shared/swarm/manifest.ts";
import type { ManifestEntry } from "../../../shared/swarm/manifest_entry.ts";

/** Asks for the first page. */
export const ROSTER_START = "start";
/** Cells collected at most: a full manifest, and what changed while it was handed over. */
const MAX_COLLECTED = 2 * MAX_MANIFEST_ENTRIES;

/** One page of the server's whole manifest. */
export interface RosterPage {
  /** The cursor that was asked for. */
  readonly since: string;
  /** The cursor of the next page. */
  readonly next: string;
  readonly isComplete: boolean;
  readonly entries: readonly ManifestEntry[];
}

/** Collects the server's whole manifest page by page. A page that is lost is asked for again; one that is late is ignored. */
export class ServerRoster {
  #cursor = ROSTER_START;
  #entries: ManifestEntry[] = [];

  /** What to ask for next. */
  get cursor(): string {
    return this.#cursor;
  }

  /** Takes a page. Returns all cells once the last one is there. */
  take({ since, next, isComplete, entries }: RosterPage): readonly ManifestEntry[] | undefined {
    if (since !== this.#cursor) return undefined;
    if (this.#entries.length + entries.length > MAX_COLLECTED) {
      this.reset();
      return undefined;
    }
    this.#entries.push(...entries);
    this.#cursor = next;
    if (!isComplete) return undefined;
    const all = this.#entries;
    this.reset();
    return all;
  }

  /** Begins anew. */
  reset(): void {
    this.#cursor = ROSTER_START;
    this.#entries = [];
  }
}

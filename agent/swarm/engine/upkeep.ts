import { REVOKED_HORIZON_MS } from "../../../shared/swarm/manifest.ts";
import { contentLinks } from "../blobs/content_links.ts";
import { clearLeftovers } from "../blobs/leftovers.ts";
import { type CleanUp, removeStalePartials } from "../blobs/stale_partials.ts";
import type { SwarmLinks } from "../channel.ts";
import { clearGraves } from "../seeds/graveyard.ts";
import type { EngineSessionOptions } from "./engine_session_options.ts";
import type { SessionParts } from "./session_parts.ts";

/** Pauses between two looks into `seed/`: usual, and while something there is still changing. */
const SEED_SCAN_MS = 2000;
const SEED_SETTLE_MS = 500;
/** How often things are done that only time brings about: retention, pruning, retries. */
const SWEEP_MS = 5000;

export interface UpkeepOptions {
  readonly parts: SessionParts;
  readonly link: EngineSessionOptions["link"];
  /** Before each sweep. */
  readonly onSweep: () => void;
  /** After each look and each sweep. */
  readonly onChange: () => void;
}

/** Keeps the folder of the swarm in order: what lies in `seed/`, what time ends, and what belongs to nothing any more. */
export class Upkeep {
  readonly #options: UpkeepOptions;
  /** Whether something may lie in `.blobs/` that belongs to nothing any more. */
  #isUntidy = true;

  constructor(options: UpkeepOptions) {
    this.#options = options;
  }

  /** Runs until the scope of the parts ends. */
  start(): void {
    const { parts: { scope, seeds }, onChange } = this.#options;
    let unsettled = false;
    const seedPauseMs = () => unsettled ? SEED_SETTLE_MS : SEED_SCAN_MS;
    scope.repeat("scan of seed/", seedPauseMs, async (signal) => {
      ({ unsettled } = await seeds.scan(signal));
      onChange();
    });
    scope.repeat("sweep", () => SWEEP_MS, () => this.#sweep());
  }

  /** The next sweep looks for what belongs to nothing any more. */
  noteUntidy(): void {
    this.#isUntidy = true;
  }

  /** The links that are to stand. */
  links(): SwarmLinks {
    const { content, seeds } = this.#options.parts;
    return contentLinks(content.complete(), seeds.seeds);
  }

  /** Removes what no longer belongs to anything, and mends what somebody removed. */
  async clean(): Promise<CleanUp> {
    const { parts: { paths, store, seeds, receiver }, link } = this.#options;
    // Forgets blobs whose file is gone, to which links would lead nowhere.
    await receiver.evaluate();
    const here = [...store.all().map(({ sha256 }) => sha256), ...seeds.seeds.keys()];
    const complete = new Set(here.filter((sha256) => !receiver.isPending(sha256)));
    const partials = removeStalePartials(paths, complete);
    const links = await link(this.links());
    return {
      danglingLinks: links.removed,
      stalePartials: partials.stalePartials,
      errors: partials.errors + links.errors,
    };
  }

  async #sweep(): Promise<void> {
    const { parts: { book, claims, paths, receiver }, onSweep, onChange } = this.#options;
    onSweep();
    for (const sha256 of book.prune()) claims.forget(sha256);
    await receiver.evaluate();
    await clearGraves(paths, Date.now(), REVOKED_HORIZON_MS);
    await this.#tidy();
    onChange();
  }

  async #tidy(): Promise<void> {
    if (!this.#isUntidy) return;
    this.#isUntidy = false;
    const { book: { manifest }, content, paths, receiver } = this.#options.parts;
    await clearLeftovers(paths, {
      isUsed: (sha256) => content.isComplete(sha256) || receiver.isPending(sha256),
      isLive: (sha256) => manifest.isLive(sha256),
      isRevoked: (sha256) => manifest.isRevoked(sha256),
    }, Date.now());
  }
}

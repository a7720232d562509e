import { writeFileAtomic } from "../../../shared/platform/durable_write.ts";
import type { ChunkMapFacts } from "../../../shared/swarm/chunk_map.ts";
import type { FromEngine, SwarmLinks } from "../channel.ts";
import type { SwarmState } from "../mirror.ts";
import { asProgress } from "./blob_report.ts";
import type { TaskScope } from "../runtime/task_scope.ts";

/** Reports and mirror files follow a change after this. */
const REPORT_MS = 1000;
/** Making reports takes at most one part in so many of the engine's time, which belongs to the content. */
const TIME_SHARE = 10;
/** Links that ought to stand already are asked for again after this, since anybody may have removed them. */
const RELINK_MS = 60_000;

export interface StateReporterOptions {
  readonly scope: TaskScope;
  /** `state.json`. */
  readonly path: string;
  readonly state: () => SwarmState;
  readonly links: () => SwarmLinks;
  /** Where the chunks of a blob came from, if that is told. */
  readonly chunkMap: (sha256: string) => ChunkMapFacts | undefined;
  /** The server's clock minus this machine's, in ms. */
  readonly clockOffsetMs: () => number;
  readonly post: (message: FromEngine) => void;
  /** Has the daemon's side make these links and no others. */
  readonly link: (links: SwarmLinks) => Promise<unknown>;
  /** A clock that never goes back, in ms. */
  readonly now: () => number;
}

/**
 * Tells the daemon and the mirror file how things stand, soon after a change and only if something changed. Links are
 * asked for again now and then even if nothing did.
 */
export class StateReporter {
  readonly #options: StateReporterOptions;
  #due: ReturnType<typeof setTimeout> | undefined;
  #reported = "";
  #linked = "";
  #linkedMs = 0;
  #costMs = 0;

  constructor(options: StateReporterOptions) {
    this.#options = options;
  }

  /** Something has changed, or may have; several changes in quick succession share a report. */
  noteChange(): void {
    this.#due ??= setTimeout(() => {
      this.#due = undefined;
      this.#options.scope.run("report", () => this.report());
    }, reportPauseMs(this.#costMs));
  }

  async report(): Promise<void> {
    const { path, post, chunkMap, clockOffsetMs, now } = this.#options;
    await this.#sendLinks();
    const startedMs = now();
    const state = this.#options.state();
    const text = JSON.stringify({ ...state, updatedMs: 0 });
    if (text === this.#reported) return;
    this.#reported = text;
    const offsetMs = clockOffsetMs();
    const blobs = state.blobs.map((blob) => asProgress(blob, chunkMap(blob.sha256), offsetMs));
    post({ kind: "progress", blobs, problems: state.problems });
    this.#costMs = now() - startedMs;
    // A mirror, made anew with the next change and with every start: nobody waits for the disk here.
    await writeFileAtomic(path, JSON.stringify(state), { mode: 0o644 });
  }

  /** No report is due any more. */
  stop(): void {
    clearTimeout(this.#due);
  }

  async #sendLinks(): Promise<void> {
    const links = this.#options.links();
    const text = JSON.stringify(links);
    const nowMs = this.#options.now();
    if (text === this.#linked && nowMs - this.#linkedMs < RELINK_MS) return;
    this.#linked = text;
    this.#linkedMs = nowMs;
    await this.#options.link(links);
  }
}

/** How long after a change the next report is made, in ms, if the last one took `costMs`: each tells of every blob. */
export function reportPauseMs(costMs: number): number {
  return Math.max(REPORT_MS, costMs * (TIME_SHARE - 1));
}

import type { FromEngine } from "../channel.ts";
import type { ManifestBook } from "../manifest/manifest_book.ts";
import type { EngineLog } from "../runtime/engine_log.ts";

export interface AbsenceWatchOptions {
  readonly book: Pick<ManifestBook, "quietReason" | "rosterCursor">;
  readonly log: EngineLog;
  readonly post: (message: FromEngine) => void;
  /** This envoy may take part again. */
  readonly onAwake: () => void;
}

/** Tells when this envoy falls quiet or wakes, and which page of the server's manifest it wants. */
export class AbsenceWatch {
  readonly #options: AbsenceWatchOptions;
  #quietReason: string | undefined;
  #rosterCursor = "";

  constructor(options: AbsenceWatchOptions) {
    this.#options = options;
  }

  /** Looks again: every tick and every correction of the clock may change it. */
  follow(): void {
    const { book: { quietReason, rosterCursor }, log, post, onAwake } = this.#options;
    const wasQuiet = this.#quietReason !== undefined;
    this.#quietReason = quietReason;
    if (quietReason !== undefined && !wasQuiet) {
      log("warning", "the swarm keeps quiet until the server hands over its manifest", {
        reason: quietReason,
      });
    }
    if (rosterCursor !== this.#rosterCursor) post({ kind: "roster", since: rosterCursor });
    this.#rosterCursor = rosterCursor;
    if (quietReason === undefined && wasQuiet) {
      log("info", "the swarm is not quiet any more", {});
      onAwake();
    }
  }
}

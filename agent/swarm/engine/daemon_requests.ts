import {
  type ManifestEntry,
  manifestEntryBytes,
  type UnsignedManifestEntry,
} from "../../../shared/swarm/manifest_entry.ts";
import type { FromEngine, LinkOutcome, SwarmLinks } from "../channel.ts";
import type { ServerAnswer, WantedContent } from "../transfer/last_resort.ts";

/** The daemon signs within this time or not at all. */
const SIGN_TIMEOUT_MS = 30_000;
/** Links are a convenience: nothing waits longer for them. */
const LINK_TIMEOUT_MS = 2_000;

/** The daemon's own limits end a fetch long before; this is for one that answers nothing at all. */
const CONTENT_TIMEOUT_MS = 10 * 60_000;

/** What the engine asks of the daemon's side and waits for. Answers are told apart by the number of the request. */
export class DaemonRequests {
  readonly #post: (message: FromEngine) => void;
  readonly #signatures = new Map<number, (answer: ManifestEntry | Error) => void>();
  readonly #links = new Map<number, (outcome: LinkOutcome) => void>();
  readonly #contents = new Map<number, (answer: ServerAnswer) => void>();
  #nextId = 1;

  constructor(post: (message: FromEngine) => void) {
    this.#post = post;
  }

  /**
   * Has the daemon sign an entry of this envoy.
   *
   * @throws {Error} if it will not, or does not in time.
   */
  sign(entry: UnsignedManifestEntry): Promise<ManifestEntry> {
    // Fails here, in the engine, if the entry cannot even be written as bytes.
    manifestEntryBytes(entry);
    const requestId = this.#nextId++;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => this.settleSignature(requestId, new Error("the daemon did not sign in time")),
        SIGN_TIMEOUT_MS,
      );
      this.#signatures.set(requestId, (answer) => {
        clearTimeout(timer);
        this.#signatures.delete(requestId);
        if (answer instanceof Error) reject(answer);
        else resolve(answer);
      });
      this.#post({ kind: "sign", requestId, entry });
    });
  }

  /** Has links made, and waits until they stand or the daemon's side does not answer. */
  async link(links: SwarmLinks): Promise<LinkOutcome> {
    const requestId = this.#nextId++;
    const linked = Promise.withResolvers<LinkOutcome>();
    const timer = setTimeout(() => linked.resolve({ removed: 0, errors: 1 }), LINK_TIMEOUT_MS);
    this.#links.set(requestId, linked.resolve);
    this.#post({ kind: "links", requestId, links });
    const outcome = await linked.promise;
    clearTimeout(timer);
    this.#links.delete(requestId);
    return outcome;
  }

  /** Has the daemon ask the server for chunks of a blob, or for the digests of all of them. */
  fetchContent(
    sha256: string,
    wanted: WantedContent,
    sizeBytes: number,
  ): Promise<ServerAnswer> {
    const requestId = this.#nextId++;
    return new Promise((resolve) => {
      const late = {
        ok: false,
        reason: "the daemon did not answer in time",
        isFinal: false,
      } as const;
      const timer = setTimeout(() => this.settleContent(requestId, late), CONTENT_TIMEOUT_MS);
      this.#contents.set(requestId, (answer) => {
        clearTimeout(timer);
        this.#contents.delete(requestId);
        resolve(answer);
      });
      this.#post({ kind: "fetch", requestId, sha256, wanted, sizeBytes });
    });
  }

  /** An answer to {@linkcode fetchContent}. */
  settleContent(requestId: number, answer: ServerAnswer): void {
    this.#contents.get(requestId)?.(answer);
  }

  /** An answer to {@linkcode sign}; one to a request that nobody waits for any more changes nothing. */
  settleSignature(requestId: number, answer: ManifestEntry | Error): void {
    this.#signatures.get(requestId)?.(answer);
  }

  /** An answer to {@linkcode link}. */
  settleLinks(requestId: number, outcome: LinkOutcome): void {
    this.#links.get(requestId)?.(outcome);
  }

  /** Nobody will answer any more. */
  refuseAll(reason: string): void {
    for (const settle of [...this.#signatures.values()]) settle(new Error(reason));
    for (const settle of [...this.#contents.values()]) settle({ ok: false, reason, isFinal: true });
  }
}

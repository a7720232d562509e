import {
  type ManifestEntry,
  manifestEntryBytes,
  type UnsignedManifestEntry,
} from "../../../shared/swarm/manifest_entry.ts";
import type { FromEngine, LinkOutcome, SwarmLinks } from "../channel.ts";
import { PendingAnswers } from "../pending_answers.ts";
import { NOBODY_ANSWERS, type RelayedQuestion, type RelayedReply } from "../relay.ts";
import type { ServerAnswer, WantedContent } from "../transfer/last_resort.ts";

/** The daemon signs within this time or not at all. */
const SIGN_TIMEOUT_MS = 30_000;
/** Links are a convenience: nothing waits longer for them. */
const LINK_TIMEOUT_MS = 2_000;

/** The daemon's own limits end a fetch long before; this is for one that answers nothing at all. */
const CONTENT_TIMEOUT_MS = 10 * 60_000;

/** A peer that asks has given up after this. */
const RELAY_TIMEOUT_MS = 15_000;
/** Questions of peers that the daemon has at a time; more are told to come again. */
const MAX_RELAYED = 32;

/** What the engine asks of the daemon's side and waits for. Answers are told apart by the number of the request. */
export class DaemonRequests {
  readonly #post: (message: FromEngine) => void;
  readonly #signatures = new PendingAnswers<ManifestEntry | Error>();
  readonly #links = new PendingAnswers<LinkOutcome>();
  readonly #contents = new PendingAnswers<ServerAnswer>();
  readonly #relayed = new PendingAnswers<RelayedReply>();

  constructor(post: (message: FromEngine) => void) {
    this.#post = post;
  }

  /**
   * Has the daemon sign an entry of this envoy.
   *
   * @throws {Error} if it will not, or does not in time.
   */
  async sign(entry: UnsignedManifestEntry): Promise<ManifestEntry> {
    // Fails here, in the engine, if the entry cannot even be written as bytes.
    manifestEntryBytes(entry);
    const answer = await this.#signatures.ask(
      (requestId) => this.#post({ kind: "sign", requestId, entry }),
      SIGN_TIMEOUT_MS,
    ) ?? new Error("the daemon did not sign in time");
    if (answer instanceof Error) throw answer;
    return answer;
  }

  /** Has links made, and waits until they stand or the daemon's side does not answer. */
  async link(links: SwarmLinks): Promise<LinkOutcome> {
    const outcome = await this.#links.ask(
      (requestId) => this.#post({ kind: "links", requestId, links }),
      LINK_TIMEOUT_MS,
    );
    return outcome ?? { removed: 0, errors: 1 };
  }

  /** Has the daemon ask the server for chunks of a blob, or for the digests of all of them. */
  async fetchContent(
    sha256: string,
    wanted: WantedContent,
    sizeBytes: number,
  ): Promise<ServerAnswer> {
    const answer = await this.#contents.ask(
      (requestId) => this.#post({ kind: "fetch", requestId, sha256, wanted, sizeBytes }),
      CONTENT_TIMEOUT_MS,
    );
    return answer ?? { ok: false, reason: "the daemon did not answer in time", isFinal: false };
  }

  /** Hands a peer's question to the daemon. */
  async relay(question: RelayedQuestion): Promise<RelayedReply> {
    if (this.#relayed.size >= MAX_RELAYED) return NOBODY_ANSWERS;
    const reply = await this.#relayed.ask(
      (requestId) => this.#post({ kind: "asked", requestId, question }),
      RELAY_TIMEOUT_MS,
    );
    return reply ?? NOBODY_ANSWERS;
  }

  /** An answer to {@linkcode relay}. */
  settleRelay(requestId: number, reply: RelayedReply): void {
    this.#relayed.settle(requestId, reply);
  }

  /** An answer to {@linkcode fetchContent}. */
  settleContent(requestId: number, answer: ServerAnswer): void {
    this.#contents.settle(requestId, answer);
  }

  /** An answer to {@linkcode sign}; one to a request that nobody waits for any more changes nothing. */
  settleSignature(requestId: number, answer: ManifestEntry | Error): void {
    this.#signatures.settle(requestId, answer);
  }

  /** An answer to {@linkcode link}. */
  settleLinks(requestId: number, outcome: LinkOutcome): void {
    this.#links.settle(requestId, outcome);
  }

  /** Nobody will answer any more. */
  refuseAll(reason: string): void {
    this.#signatures.settleAll(new Error(reason));
    this.#contents.settleAll({ ok: false, reason, isFinal: true });
    this.#relayed.settleAll(NOBODY_ANSWERS);
  }
}

import { isSha256 } from "../../shared/crypto/sha256.ts";
import { FetchBlobRequest, Refusal_Reason } from "../../shared/proto/agent.ts";
import type { ServerAnswer, WantedContent } from "../swarm/transfer/last_resort.ts";
import type { SignedCaller } from "./signed_caller.ts";

/** Most bytes of one request, which are held in memory: a chunk of a blob of 256 GiB. */
const MAX_FETCH_BYTES = 64 * 1024 * 1024;
/** Requests at a time: the engine makes one for each of its downloads. */
const MAX_OPEN = 4;

/** What the engine wants of the server. */
export interface ContentRequest {
  readonly sha256: string;
  readonly wanted: WantedContent;
  readonly sizeBytes: number;
}

/**
 * Asks the server for content in the name of the swarm engine, which may not speak as this envoy itself. What comes is
 * verified by the engine.
 */
export class ServerContent {
  readonly #caller: Pick<SignedCaller, "fetchBlob">;
  #open = 0;

  constructor(caller: Pick<SignedCaller, "fetchBlob">) {
    this.#caller = caller;
  }

  /** Never throws: what failed is an answer too. */
  async fetch({ sha256, wanted, sizeBytes }: ContentRequest): Promise<ServerAnswer> {
    if (!isSha256(sha256)) return refused("that is no SHA-256");
    if (sizeBytes > MAX_FETCH_BYTES) return refused("its chunks are too large to be fetched there");
    if (this.#open >= MAX_OPEN) return { ok: false, reason: "it is asked already", isFinal: false };
    this.#open += 1;
    try {
      const body = FetchBlobRequest.encode({
        sha256,
        ...(wanted === "digests" ? { digests: true, count: 0 } : wanted),
      }).finish();
      const outcome = await this.#caller.fetchBlob(body, sizeBytes);
      if (outcome.ok) return { ok: true, bytes: outcome.value };
      const { refusal, message } = outcome.failure;
      const isFinal = refusal?.reason === Refusal_Reason.DENIED ||
        refusal?.reason === Refusal_Reason.MALFORMED;
      return { ok: false, reason: refusal?.message ?? message, isFinal };
    } finally {
      this.#open -= 1;
    }
  }
}

function refused(reason: string): ServerAnswer {
  return { ok: false, reason, isFinal: true };
}

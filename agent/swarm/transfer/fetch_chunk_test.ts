import assert from "node:assert/strict";
import { Bitmap } from "../../../shared/swarm/bitmap.ts";
import type { ChunkAnswer } from "../peers/peer_client.ts";
import { singleRoom } from "../peers/chunk_room.ts";
import { GivenBeforeError, PeerError } from "../peers/peer_error.ts";
import { fetchChunk } from "./fetch_chunk.ts";

const ANSWER: ChunkAnswer = {
  peer: { uuid: "peer", hostname: "db-1", fingerprint: "" },
};

/** Fetches from a peer that answers like `getChunk`. */
async function outcomeOf(
  getChunk: (into: Uint8Array, signal: AbortSignal) => Promise<ChunkAnswer>,
  { timeoutMs = 60_000, cancelled = new AbortController() } = {},
) {
  const { outcome } = await fetchChunk({
    client: { getChunk: (_endpoint, _asked, into, ended) => getChunk(into.open(), ended) },
    endpoint: { address: "10.0.0.1", port: 1531 },
    sha256: "a".repeat(64),
    request: { chunk: 0, timeoutMs },
    held: new Bitmap(1),
    into: singleRoom(2),
    verify: (bytes) => bytes.every((byte) => byte === 7),
    takeBandwidth: () => Promise.resolve(),
    cancelled,
  });
  return outcome;
}

/** Answers nothing until the request is ended. */
function hang(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) =>
    signal.addEventListener("abort", () => reject(new PeerError("cancelled")), { once: true })
  );
}

Deno.test("bytes count only when they match the digest", async () => {
  const good = await outcomeOf((into) => (into.fill(7), Promise.resolve(ANSWER)));
  const wrong = await outcomeOf((into) => (into.fill(6), Promise.resolve(ANSWER)));
  assert.equal(good.kind, "verified");
  assert.equal(wrong.kind, "corrupt");
});

Deno.test("what a peer refuses decides whether and when it is asked again", async () => {
  const refuse = (status?: number, retryAfterMs?: number) =>
    outcomeOf(() => Promise.reject(new PeerError("no", status, retryAfterMs)));
  assert.deepEqual(await refuse(404), { kind: "not_held" });
  assert.deepEqual(await refuse(410), { kind: "not_held" });
  assert.deepEqual(await refuse(503), { kind: "busy", retryAfterMs: 1000 });
  assert.deepEqual(await refuse(503, 4000), { kind: "busy", retryAfterMs: 4000 });
  assert.deepEqual(await refuse(500), { kind: "failed" });
  assert.deepEqual(await refuse(), { kind: "failed" });
  const spared = new GivenBeforeError("no", new Uint8Array([1]));
  assert.deepEqual(await outcomeOf(() => Promise.reject(spared)), { kind: "given_before" });
});

Deno.test("a peer that is too slow has timed out, and one that was cancelled has not", async () => {
  assert.deepEqual(await outcomeOf((_into, signal) => hang(signal), { timeoutMs: 1 }), {
    kind: "timed_out",
    waitedMs: 1,
  });
  const cancelled = new AbortController();
  const outcome = outcomeOf((_into, signal) => hang(signal), { cancelled });
  queueMicrotask(() => cancelled.abort());
  assert.deepEqual(await outcome, { kind: "failed" });
});

Deno.test("an error that no peer caused is not taken for one", async () => {
  await assert.rejects(
    outcomeOf(() => Promise.reject(new TypeError("a mistake of ours"))),
    TypeError,
  );
});

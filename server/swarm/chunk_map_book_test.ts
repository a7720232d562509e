import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import type { BlobProgress } from "../../shared/proto/agent.ts";
import { ChunkMapBook } from "./chunk_map_book.ts";

const BLOB = "ab".repeat(32);

function report(
  chunks: readonly number[] | undefined,
  changes: Partial<BlobProgress> = {},
): { blobs: BlobProgress[]; problems: [] } {
  const line: BlobProgress = {
    sha256: BLOB,
    status: "downloading",
    chunksHave: 1,
    chunksTotal: 4,
    skipReason: "",
    sources: {},
    origin: false,
    ...(chunks ? { chunkMap: { chunks: Buffer.from(chunks), sources: ["hub", "web-1"] } } : {}),
    ...changes,
  };
  return { blobs: [line], problems: [] };
}

const four = () => 4;

Deno.test("the newest map of an envoy counts, and one that says the same is the same object", () => {
  const book = new ChunkMapBook();
  book.receive("envoy", report([1, 0, 0, 2]), four);
  const first = book.get("envoy", BLOB);
  assert.deepEqual(first?.chunks, new Uint8Array([1, 0, 0, 2]));
  book.receive("envoy", report([1, 0, 0, 2]), four);
  assert.equal(book.get("envoy", BLOB), first);
  book.receive("envoy", report([1, 1, 0, 2]), four);
  assert.notEqual(book.get("envoy", BLOB), first);
});

Deno.test("the map of a complete blob stays when it is not told any more; any other goes", () => {
  const book = new ChunkMapBook();
  book.receive("envoy", report([1, 1, 2, 2]), four);
  book.receive("envoy", report(undefined, { status: "complete" }), four);
  assert(book.get("envoy", BLOB));
  book.receive("envoy", report(undefined, { status: "downloading" }), four);
  assert.equal(book.get("envoy", BLOB), undefined);
  book.receive("envoy", report([1, 1, 2, 2]), four);
  book.receive("envoy", { blobs: [], problems: [] }, four);
  assert.equal(book.get("envoy", BLOB), undefined);
});

Deno.test("a map of a blob that nobody knows, of another length or with unlisted sources is not taken", () => {
  const book = new ChunkMapBook();
  book.receive("envoy", report([1, 0, 0, 2]), () => undefined);
  assert.equal(book.get("envoy", BLOB), undefined);
  book.receive("envoy", report([1, 0, 0]), four);
  assert.equal(book.get("envoy", BLOB), undefined);
  book.receive("envoy", report([1, 0, 0, 3]), four);
  assert.equal(book.get("envoy", BLOB), undefined);
});

Deno.test("past the room for all maps those go whose envoys were silent for longest", () => {
  const book = new ChunkMapBook(3 * 12);
  for (const envoy of ["a", "b", "c"]) book.receive(envoy, report([1, 0, 0, 2]), four);
  book.receive("a", report([1, 1, 0, 2]), four);
  book.receive("d", report([1, 0, 0, 2]), four);
  const known = ["a", "b", "c", "d"].filter((envoy) => book.get(envoy, BLOB));
  assert.deepEqual(known, ["a", "c", "d"]);
  book.drop("a");
  book.receive("e", report([1, 0, 0, 2]), four);
  assert(book.get("c", BLOB));
});

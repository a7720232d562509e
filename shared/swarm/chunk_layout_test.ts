import assert from "node:assert/strict";
import fc from "fast-check";
import {
  chooseChunkSize,
  chunkDigest,
  chunkSpan,
  digestOfChunks,
  layoutOf,
  MAX_CHUNKS,
  MIN_CHUNK_BYTES,
} from "./chunk_layout.ts";

Deno.test("chunks grow with the blob so that there are never more than 4,096", () => {
  assert.equal(chooseChunkSize(0), MIN_CHUNK_BYTES);
  assert.equal(chooseChunkSize(4 * 2 ** 30), MIN_CHUNK_BYTES);
  assert.equal(chooseChunkSize(4 * 2 ** 30 + 1), 2 * MIN_CHUNK_BYTES);
  fc.assert(fc.property(fc.nat({ max: 2 ** 44 }), (sizeBytes) => {
    assert.ok(
      layoutOf({ sizeBytes, chunkSizeBytes: chooseChunkSize(sizeBytes) }).count <= MAX_CHUNKS,
    );
  }));
});

Deno.test("the spans of a layout cover the blob once, in order", () => {
  fc.assert(
    fc.property(fc.nat(5000), fc.integer({ min: 1, max: 700 }), (sizeBytes, chunkSizeBytes) => {
      const layout = layoutOf({ sizeBytes, chunkSizeBytes });
      let end = 0;
      for (let index = 0; index < layout.count; index += 1) {
        const { offset, length } = chunkSpan(layout, index);
        assert.equal(offset, end);
        assert.ok(length > 0);
        end = offset + length;
      }
      assert.equal(end, sizeBytes);
    }),
  );
});

Deno.test("an entry that asks for millions of chunks is refused before anything is allocated", () => {
  assert.throws(
    () => layoutOf({ sizeBytes: 2 ** 44, chunkSizeBytes: 65_536 }),
    /at most 65536 are accepted/,
  );
});

Deno.test("chunk digests are BLAKE2b-512 and their list is summed up with SHA-256", () => {
  const digest = chunkDigest(new TextEncoder().encode("abc"));
  // RFC 7693, appendix A.
  assert.equal(
    Uint8Array.from(digest).toHex(),
    "ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d1" +
      "7d87c5392aab792dc252d5de4533cc9518d38aa8dbf1925ab92386edd4009923",
  );
  assert.equal(
    digestOfChunks(new Uint8Array()),
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
  );
});

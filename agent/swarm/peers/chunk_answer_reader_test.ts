import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import fc from "fast-check";
import { ChunkAnswerReader } from "./chunk_answer_reader.ts";
import { ChunkRoom, singleRoom } from "./chunk_room.ts";
import { PeerError } from "./peer_error.ts";

function answerOf(body: Uint8Array, head = `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}`) {
  return Buffer.concat([Buffer.from(`${head}\r\nX-Peers: 10.0.0.1:1531\r\n\r\n`), body]);
}

/** Hands an answer over in pieces that end where `cuts` say. */
function takeInPieces(reader: ChunkAnswerReader, answer: Uint8Array, cuts: readonly number[]) {
  const ends = [...cuts.map((cut) => cut % answer.length), answer.length].sort((a, b) => a - b);
  let from = 0;
  for (const end of ends) {
    if (end > from) reader.take(answer.subarray(from, end));
    from = end;
  }
}

Deno.test("however an answer is cut, its bytes land in their places", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), fc.array(fc.nat(200)), (body, cuts) => {
      const into = singleRoom(body.length);
      const reader = new ChunkAnswerReader(into);
      takeInPieces(reader, answerOf(body), cuts);
      assert.equal(reader.isComplete && reader.isReusable, true);
      assert.equal(reader.head?.headers.get("x-peers"), "10.0.0.1:1531");
      assert.deepEqual(into.open(), body);
    }),
  );
});

Deno.test("a refusal is read without bytes, and the connection goes on if it has none", () => {
  for (const [length, isReusable] of [["0", true], ["5", false]] as const) {
    const reader = new ChunkAnswerReader(singleRoom(4));
    const text = `HTTP/1.1 503 Busy\r\nretry-after: 1\r\ncontent-length: ${length}\r\n\r\n`;
    assert.equal(reader.take(Buffer.from(text)), true);
    assert.equal(reader.head?.status, 503);
    assert.equal(reader.head?.headers.get("retry-after"), "1");
    assert.equal(reader.isReusable, isReusable);
  }
});

const REFUSED: Readonly<Record<string, string>> = {
  "longer than the chunk": "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n",
  "shorter than the chunk": "HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\n",
  "longer than it says": "HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\n12345",
  "of no stated length": "HTTP/1.1 200 OK\r\n\r\n1234",
  "in pieces of their own length": "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n",
  "of two lengths": "HTTP/1.1 200 OK\r\ncontent-length: 4\r\nContent-Length: 4\r\n\r\n",
  "of a negative length": "HTTP/1.1 200 OK\r\ncontent-length: -4\r\n\r\n",
  "of another protocol": "SSH-2.0-OpenSSH_9.2\r\n\r\n",
  "with a header that is none": "HTTP/1.1 200 OK\r\nnonsense\r\n\r\n",
  "with a folded header": "HTTP/1.1 200 OK\r\nx-peers: a\r\n b\r\n\r\n",
  "with an endless head": `HTTP/1.1 200 OK\r\nx-peers: ${"a".repeat(40_000)}`,
};

Deno.test("an answer that is not exactly the chunk is refused and writes nothing past it", () => {
  for (const [what, text] of Object.entries(REFUSED)) {
    const memory = new Uint8Array(8);
    const room = new ChunkRoom({ take: () => memory, give: () => {} }, 4);
    const reader = new ChunkAnswerReader(room);
    assert.throws(() => reader.take(Buffer.from(text)), PeerError, what);
    assert.deepEqual(memory.subarray(4), new Uint8Array(4), what);
  }
});

Deno.test("whatever a peer sends is an answer or a failure of the peer", () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 40 })), fc.boolean(), (parts, isHttp) => {
      const reader = new ChunkAnswerReader(singleRoom(8));
      const begin = Buffer.from(isHttp ? "HTTP/1.1 200 OK\r\n" : "");
      for (const part of [begin, ...parts]) {
        try {
          if (reader.take(part)) return;
        } catch (error) {
          assert.ok(error instanceof PeerError, String(error));
          return;
        }
      }
    }),
  );
});

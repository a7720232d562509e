import assert from "node:assert/strict";
import { FetchBlobRequest, Refusal_Reason } from "../../shared/proto/agent.ts";
import { ServerContent } from "./server_content.ts";
import type { CallOutcome } from "./server_gateway.ts";

const SHA = "ab".repeat(32);

function failed(message: string, reason?: Refusal_Reason): CallOutcome<Uint8Array> {
  const refusal = reason === undefined
    ? {}
    : { refusal: { reason, message, serverTime: undefined } };
  return { ok: false, failure: { ...refusal, message: "transport", clockSuspected: false } };
}

Deno.test("chunks or the digests are asked for in the words of the protocol", async () => {
  const asked: [FetchBlobRequest, number][] = [];
  const content = new ServerContent({
    fetchBlob: (body, lengthBytes) => {
      asked.push([FetchBlobRequest.decode(body), lengthBytes]);
      return Promise.resolve({ ok: true, value: new Uint8Array(lengthBytes) });
    },
  });
  const chunk = await content.fetch({ sha256: SHA, wanted: { chunk: 0, count: 1 }, sizeBytes: 5 });
  assert.deepEqual(chunk, { ok: true, bytes: new Uint8Array(5) });
  await content.fetch({ sha256: SHA, wanted: "digests", sizeBytes: 64 });
  assert.deepEqual(
    asked.map(([{ sha256, chunk, count, digests }, size]) => [sha256, chunk, count, digests, size]),
    [
      [SHA, 0, 1, undefined, 5],
      [SHA, undefined, 0, true, 64],
    ],
  );
});

Deno.test("a refusal ends the asking, a busy or absent server does not", async () => {
  const outcomes = [
    failed("no", Refusal_Reason.DENIED),
    failed("busy", Refusal_Reason.UNSPECIFIED),
    failed("away"),
  ];
  const content = new ServerContent({
    fetchBlob: () => Promise.resolve(outcomes.shift() ?? failed("unreachable")),
  });
  const ask = () => content.fetch({ sha256: SHA, wanted: { chunk: 1, count: 2 }, sizeBytes: 5 });
  assert.deepEqual(await ask(), { ok: false, reason: "no", isFinal: true });
  assert.deepEqual(await ask(), { ok: false, reason: "busy", isFinal: false });
  assert.deepEqual(await ask(), { ok: false, reason: "transport", isFinal: false });
});

Deno.test("an engine that asks for nonsense, too much, or too often at once does not reach the server", async () => {
  let calls = 0;
  const content = new ServerContent({
    fetchBlob: () => {
      calls += 1;
      return new Promise(() => {});
    },
  });
  assert.equal(
    (await content.fetch({ sha256: "../x", wanted: { chunk: 0, count: 1 }, sizeBytes: 5 })).ok,
    false,
  );
  assert.equal(
    (await content.fetch({ sha256: SHA, wanted: { chunk: 0, count: 1 }, sizeBytes: 2 ** 30 })).ok,
    false,
  );
  for (let index = 0; index < 4; index += 1) {
    void content.fetch({ sha256: SHA, wanted: { chunk: index, count: 1 }, sizeBytes: 5 });
  }
  const refused = await content.fetch({
    sha256: SHA,
    wanted: { chunk: 4, count: 1 },
    sizeBytes: 5,
  });
  assert.deepEqual(refused, { ok: false, reason: "it is asked already", isFinal: false });
  assert.equal(calls, 4);
});

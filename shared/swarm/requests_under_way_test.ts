import assert from "node:assert/strict";
import { RequestsUnderWay } from "./requests_under_way.ts";

const ask = (id: number, peer: string, chunk: number) => ({ id, peer, chunk, timeoutMs: 1_000 });

Deno.test("a chunk is asked for until the last request for it has ended", () => {
  const requests = new RequestsUnderWay(4);
  const [one, other] = [ask(1, "p1", 2), ask(2, "p2", 2)];
  requests.begin(one);
  requests.begin(other);
  assert.deepEqual([requests.size, requests.copiesOf(2), requests.asked.has(2)], [2, 2, true]);
  assert.equal(requests.end(one), false, "another is still asked for it");
  assert.equal(requests.end(one), false, "it ends once");
  assert.deepEqual([requests.size, requests.copiesOf(2), requests.asked.has(2)], [1, 1, true]);
  assert.equal(requests.end(other), true);
  assert.deepEqual([requests.size, requests.copiesOf(2), requests.asked.count], [0, 0, 0]);
});

Deno.test("requests are found by their number, their peer and their chunk", () => {
  const requests = new RequestsUnderWay(4);
  const all = [ask(1, "p1", 0), ask(2, "p2", 0), ask(3, "p1", 3)];
  for (const request of all) requests.begin(request);
  const [first, second, third] = all;
  assert.deepEqual([...requests.all()], all);
  assert.equal(requests.get(2), second);
  assert.equal(requests.get(9), undefined);
  assert.deepEqual(requests.ofPeer("p1"), [first, third]);
  assert.deepEqual(requests.ofChunk(0), [first, second]);
  assert.equal(requests.isAsked("p1", 3), true);
  assert.equal(requests.isAsked("p2", 3), false);
});

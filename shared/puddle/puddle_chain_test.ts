import assert from "node:assert/strict";
import { sha256Hex } from "../crypto/sha256.ts";
import { MAX_CHAIN_LENGTH, PuddleChain } from "./puddle_chain.ts";
import { delegate, puddleKeys } from "./puddle_fixture.ts";

const topicId = sha256Hex("topic");
const keys = puddleKeys(MAX_CHAIN_LENGTH + 2);
const [first, second, third] = keys;
const founder = key(0);

function key(index: number): string {
  const found = keys[index];
  if (!found) throw new RangeError(`no key ${index}`);
  return found.key;
}

function head(seq: number, message = `message ${seq}`) {
  return { topicId, seq, msgId: sha256Hex(message) };
}

function judge(chain: PuddleChain, author: string, seq: number) {
  return chain.judge({ topicId, founder, author, seq });
}

function mayWrite(chain: PuddleChain, author: string, seq: number): boolean {
  return judge(chain, author, seq).ok;
}

Deno.test("without delegations the founder alone writes its topic", () => {
  const chain = new PuddleChain([]);
  assert.ok(mayWrite(chain, founder, 1));
  assert.equal(mayWrite(chain, key(1), 1), false);
  assert.equal(chain.currentKey(founder), founder);
});

Deno.test("the old key may write up to the listed head, the new one after it", () => {
  const chain = new PuddleChain([delegate(first, second, [head(5)])]);
  assert.deepEqual(chain.writers(topicId, founder), {
    segments: [
      { author: founder, afterSeq: 0, head: { seq: 5, msgId: head(5).msgId } },
      { author: key(1), afterSeq: 5 },
    ],
    current: key(1),
  });
  assert.ok(mayWrite(chain, founder, 5));
  assert.equal(mayWrite(chain, founder, 6), false);
  assert.equal(mayWrite(chain, key(1), 5), false);
  assert.ok(mayWrite(chain, key(1), 6));
});

Deno.test("the message at a listed head must be the listed one", () => {
  const chain = new PuddleChain([delegate(first, second, [head(5)])]);
  assert.deepEqual(judge(chain, founder, 5), { ok: true, msgId: head(5).msgId });
  assert.deepEqual(judge(chain, founder, 4), { ok: true });
});

Deno.test("of a topic that a delegation does not list the old key wrote nothing", () => {
  const chain = new PuddleChain([delegate(first, second)]);
  assert.equal(mayWrite(chain, founder, 1), false);
  assert.ok(mayWrite(chain, key(1), 1));
});

Deno.test("each of several keys in a row has its share", () => {
  const chain = new PuddleChain([
    delegate(second, third, [head(9)]),
    delegate(first, second, [head(5)]),
  ]);
  const writers = Array.from(
    { length: 12 },
    (_, index) => keys.findIndex((one) => mayWrite(chain, one.key, index + 1)),
  );
  assert.deepEqual(writers, [0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2]);
  assert.equal(chain.currentKey(founder), key(2));
  assert.deepEqual(chain.keysBefore(key(2)), new Set([key(1), founder]));
});

Deno.test("a key that wrote nothing between two others has an empty share", () => {
  for (const heads of [[], [head(5)]]) {
    const chain = new PuddleChain([
      delegate(first, second, [head(5)]),
      delegate(second, third, heads),
    ]);
    assert.equal(mayWrite(chain, key(1), 6), false);
    assert.ok(mayWrite(chain, key(2), 6));
  }
});

Deno.test("a head before that of the key before it ends the chain there", () => {
  for (const backwards of [head(3), head(5, "another")]) {
    const chain = new PuddleChain([
      delegate(first, second, [head(5)]),
      delegate(second, third, [backwards]),
    ]);
    assert.ok(mayWrite(chain, founder, 5));
    assert.equal(mayWrite(chain, key(1), 6), false);
    assert.equal(mayWrite(chain, key(2), 6), false);
    assert.match(chain.writers(topicId, founder).problem ?? "", /before that of the key before/);
  }
});

Deno.test("chains are never followed backwards", () => {
  const chain = new PuddleChain([
    delegate(first, second, [head(5)]),
    delegate(second, first, [head(8)]),
  ]);
  assert.equal(chain.currentKey(founder), undefined);
  assert.ok(mayWrite(chain, key(1), 8));
  assert.equal(mayWrite(chain, key(1), 9), false);
  assert.equal(mayWrite(chain, founder, 9), false);
  // The new key's own topics are not the old one's.
  assert.equal(chain.judge({ topicId, founder: key(2), author: founder, seq: 1 }).ok, false);
});

Deno.test("a chain of eight delegations is followed, a ninth is not", () => {
  const delegations = keys.slice(1).map((to, index) =>
    delegate(keys[index], to, [head(index + 1)])
  );
  const whole = new PuddleChain(delegations.slice(0, MAX_CHAIN_LENGTH));
  assert.equal(whole.currentKey(founder), key(MAX_CHAIN_LENGTH));
  assert.ok(mayWrite(whole, key(MAX_CHAIN_LENGTH), 100));
  const long = new PuddleChain(delegations);
  assert.equal(long.currentKey(founder), undefined);
  assert.equal(mayWrite(long, key(MAX_CHAIN_LENGTH + 1), 100), false);
  assert.ok(mayWrite(long, key(0), 1));
});

Deno.test("a key that delegated twice is contested: neither is followed, its topics stay readable up to the head", () => {
  const chain = new PuddleChain([
    delegate(first, second, [head(5)]),
    delegate(first, third, [head(9)]),
  ]);
  assert.ok(chain.isContested(founder));
  assert.equal(chain.currentKey(founder), undefined);
  assert.ok(mayWrite(chain, founder, 5));
  const refused = judge(chain, founder, 6);
  assert.match(refused.ok ? "" : refused.reason, /contested/);
  for (const index of [1, 2]) assert.equal(mayWrite(chain, key(index), 10), false);
});

Deno.test("a contested puddle keeps a topic that one of its delegations leaves out", () => {
  const chain = new PuddleChain([delegate(first, second, [head(5)]), delegate(first, third)]);
  assert.ok(mayWrite(chain, founder, 5));
});

Deno.test("the same delegation heard twice contests nothing", () => {
  const delegation = delegate(first, second, [head(5)]);
  const chain = new PuddleChain([delegation, structuredClone(delegation)]);
  assert.equal(chain.isContested(founder), false);
  assert.ok(mayWrite(chain, key(1), 6));
});

Deno.test("two puddles that become one both lead to it", () => {
  const chain = new PuddleChain([delegate(first, third), delegate(second, third)]);
  assert.deepEqual(chain.keysBefore(key(2)), new Set([key(0), key(1)]));
});

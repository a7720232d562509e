import assert from "node:assert/strict";
import fc from "fast-check";
import { sha256Hex } from "../crypto/sha256.ts";
import {
  type Delegation,
  delegationSchema,
  MAX_DELEGATION_HEADS,
  verifyDelegation,
} from "./delegation.ts";
import { delegate, puddleKeys } from "./puddle_fixture.ts";

const [old, next, stranger] = puddleKeys(3);

function head(name: string, seq = 1) {
  return { topicId: sha256Hex(name), seq, msgId: sha256Hex(`${name}/${seq}`) };
}

const delegation = delegate(old, next, [head("a", 3), head("b", 7)]);

Deno.test("a delegation that both keys signed verifies", () => {
  assert.ok(verifyDelegation(delegationSchema.parse(JSON.parse(JSON.stringify(delegation)))));
});

Deno.test("no field of a delegation can be changed", () => {
  const changed: Delegation[] = [
    { ...delegation, issuedAtMs: 2 },
    { ...delegation, oldKey: stranger?.key ?? "" },
    { ...delegation, newKey: stranger?.key ?? "" },
    { ...delegation, heads: delegation.heads.slice(1) },
    { ...delegation, heads: delegation.heads.map((one) => ({ ...one, seq: one.seq + 1 })) },
    { ...delegation, heads: delegation.heads.map((one) => ({ ...one, msgId: sha256Hex("x") })) },
  ];
  for (const one of changed) assert.equal(verifyDelegation(one), false);
});

Deno.test("nobody is made the successor of another without taking part", () => {
  const unwanted = delegate(old, stranger);
  const forged = { ...delegate(old, next), newKey: stranger?.key ?? "" };
  assert.equal(verifyDelegation({ ...unwanted, acceptance: unwanted.signature }), false);
  assert.equal(verifyDelegation(forged), false);
});

Deno.test("a key does not delegate to itself", () => {
  assert.equal(verifyDelegation(delegate(old, old)), false);
});

Deno.test("a delegation lists topics in order, each once, and not more than the limit", () => {
  const [first, second] = delegation.heads;
  for (
    const heads of [
      [second, first],
      [first, first],
      Array.from({ length: MAX_DELEGATION_HEADS + 1 }, (_, index) => head(String(index)))
        .sort((one, other) => one.topicId < other.topicId ? -1 : 1),
    ]
  ) {
    assert.equal(delegationSchema.safeParse({ ...delegation, heads }).success, false);
  }
});

Deno.test("bytes that are no key sign nothing, and nothing throws", () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), (bytes) => {
      assert.equal(verifyDelegation({ ...delegation, oldKey: bytes.toHex() }), false);
    }),
    { seed: 6 },
  );
});

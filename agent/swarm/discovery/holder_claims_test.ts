import assert from "node:assert/strict";
import { HolderClaims, MAX_CANDIDATES } from "./holder_claims.ts";

const SHA = "a".repeat(64);

function peers(count: number): { readonly uuid: string }[] {
  return Array.from({ length: count }, (_, index) => ({ uuid: `peer-${index}` }));
}

Deno.test("in a small fleet everybody is asked, claim or not", () => {
  assert.equal(new HolderClaims(Math.random).candidates(SHA, peers(5)).length, 5);
});

Deno.test("in a large fleet those that claim a blob are asked before others", () => {
  const claims = new HolderClaims(Math.random);
  for (const index of [3, 70, 99]) claims.note(SHA, `peer-${index}`);
  const asked = claims.candidates(SHA, peers(100)).map(({ uuid }) => uuid);
  assert.equal(asked.length, MAX_CANDIDATES);
  assert.deepEqual(asked.slice(0, 3).sort(), ["peer-3", "peer-70", "peer-99"]);
});

Deno.test("neighbours that all hold a part leave room for those that were not heard", () => {
  const claims = new HolderClaims(Math.random);
  for (let index = 0; index < 60; index += 1) claims.note(SHA, `peer-${index}`);
  const asked = claims.candidates(SHA, peers(100)).map(({ uuid }) => uuid);
  assert.equal(new Set(asked).size, MAX_CANDIDATES);
  assert.equal(asked.filter((uuid) => claims.of(SHA).has(uuid)).length, MAX_CANDIDATES - 12);
});

Deno.test("a revoked blob that comes back starts without claims", () => {
  const claims = new HolderClaims(Math.random);
  claims.note(SHA, "peer-1");
  claims.forget(SHA);
  assert.deepEqual([...claims.of(SHA)], []);
});

import assert from "node:assert/strict";
import { RESOURCE_SCHEMAS } from "../../shared/config/resource_schemas.ts";
import { RESOURCE_CONTRACTS } from "../../tests/support/resource_cases/all.ts";
import { standardRegistry } from "./registry.ts";

Deno.test("server and agent know the same types, and each has its cases", () => {
  const known = standardRegistry().types().toSorted();
  assert.deepEqual(Object.keys(RESOURCE_SCHEMAS).toSorted(), known);
  assert.deepEqual(RESOURCE_CONTRACTS.map(({ type }) => type).toSorted(), known);
});

for (const contract of RESOURCE_CONTRACTS) {
  const { type, bad, unknown, cases } = contract;
  Deno.test(`${type}: there are cases for each part of the contract`, () => {
    assert.ok(bad.length >= 2, "two kinds of bad parameters");
    assert.ok(unknown.length >= 1, "something that cannot be known");
    assert.ok(cases.length >= 2, "two ways to use it");
    assert.ok(cases.some(({ tamper }) => tamper !== undefined), "something that drifts");
  });
  contract.test();
}

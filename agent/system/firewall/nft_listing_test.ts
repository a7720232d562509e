import assert from "node:assert/strict";
import { compareListings, parseListing } from "./nft_listing.ts";

interface Rule {
  readonly comment: string;
  readonly expr?: readonly unknown[];
  readonly handle?: number;
}

function listing(rules: readonly Rule[], policy = "accept") {
  return parseListing(JSON.stringify({
    nftables: [
      { metainfo: { version: "1.0.6" } },
      { table: { family: "inet", name: "vigo", handle: 1 } },
      { chain: { family: "inet", table: "vigo", name: "input", handle: rules.length, policy } },
      ...rules.map(({ comment, expr = [{ accept: null }], handle = 9 }) => ({
        rule: { family: "inet", table: "vigo", chain: "input", handle, comment, expr },
      })),
    ],
  }));
}

const A = { comment: "vigo: a" }, B = { comment: "vigo: b" };

Deno.test("the same rules under other handles are the same", () => {
  const { faults, ruleFaults } = compareListings(
    listing([A, B]),
    listing([{ ...A, handle: 40 }, { ...B, handle: 41 }]),
  );
  assert.deepEqual([faults, [...ruleFaults]], [[], []]);
});

Deno.test("a rule that is gone, and one that is another, are named", () => {
  const { ruleFaults } = compareListings(
    listing([A, B]),
    listing([{ ...B, expr: [{ drop: null }] }]),
  );
  assert.deepEqual([...ruleFaults], [
    ["a", "is not in the kernel"],
    ["b", "is another rule in the kernel"],
  ]);
});

for (
  const [title, now] of [
    ["another order", listing([B, A])],
    ["a rule of somebody else", listing([{ comment: "" }, A, B])],
    ["another policy", listing([A, B], "drop")],
  ] as const
) {
  Deno.test(`${title} is found`, () => {
    assert.equal(compareListings(listing([A, B]), now).faults.length, 1);
  });
}

Deno.test("what is no listing is not taken for an empty one", () => {
  for (const text of ["", "{}", '{"nftables": 1}']) assert.throws(() => parseListing(text));
});

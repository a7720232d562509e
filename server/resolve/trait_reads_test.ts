import assert from "node:assert/strict";
import fc from "fast-check";
import type { Json } from "../../shared/canonical/canonical_json.ts";
import { stackFiles } from "../stacks/stack_fixture.ts";
import { checkStacks } from "./check_stacks.ts";
import { compileHost } from "./compile_host.ts";
import type { Traits } from "../../shared/templates/identified_traits.ts";
import { digestOfReads, MAX_TRAIT_TEXT, recordTraitReads, type TraitRead } from "./trait_reads.ts";

function readsOf(traits: Traits, look: (view: object) => void): Set<TraitRead> {
  const reads = new Set<TraitRead>();
  look(recordTraitReads(traits, reads));
  return reads;
}

Deno.test("what is looked at is noted, absent things included", () => {
  const reads = readsOf({ os: { distro: "debian" } }, (view) => {
    const os: unknown = Reflect.get(view, "os");
    assert.ok(typeof os === "object" && os !== null);
    assert.equal(Reflect.get(os, "distro"), "debian");
    assert.equal(Reflect.get(os, "nothing"), undefined);
  });
  assert.deepEqual([...reads], ["/os", "/os/distro", "/os/nothing"]);
});

Deno.test("a digest changes with what was read, and with nothing else", () => {
  const traits = { os: { distro: "debian", kernel: "6.1" }, load: 1 };
  const reads = new Set(["/os", "/os/distro", "/os/nothing"] as TraitRead[]);
  const digest = digestOfReads(reads, traits);
  assert.equal(
    digestOfReads(reads, { ...traits, load: 2, os: { ...traits.os, kernel: "7" } }),
    digest,
  );
  assert.notEqual(digestOfReads(reads, { os: { ...traits.os, distro: "alpine" } }), digest);
  assert.notEqual(digestOfReads(reads, { os: { ...traits.os, nothing: 1 } }), digest);
  assert.notEqual(digestOfReads(reads, { os: "debian" }), digest);
});

Deno.test("whoever lists keys has read everything below", () => {
  const reads = readsOf({ users: { mara: 1 } }, (view) => JSON.stringify(view));
  const digest = digestOfReads(reads, { users: { mara: 1 } });
  assert.notEqual(digestOfReads(reads, { users: { mara: 1, jo: 2 } }), digest);
});

Deno.test("frozen traits can be read like others", () => {
  const traits = Object.freeze({ os: Object.freeze({ names: Object.freeze(["a", "b"]) }) });
  readsOf(traits, (view) => assert.equal(JSON.stringify(view), '{"os":{"names":["a","b"]}}'));
});

Deno.test("keys with slashes and tildes are told apart", () => {
  const reads = readsOf({ "a/b": { "~": 1 } }, (view) => JSON.stringify(view));
  assert.notEqual(
    digestOfReads(reads, { "a/b": { "~": 1 } }),
    digestOfReads(reads, { a: { b: { "~": 1 } } }),
  );
});

Deno.test("traits of any depth and spelling compile and have a digest", () => {
  const checked = checkStacks(stackFiles({
    "envoys.vgo": 'match: "*"\nconfigcrates: [a]\n',
    "configcrates/a.vgo": `name: a
resources:
  - file: /x
    content: "{{ traits.a | json }}{% for x in traits.a %}{{ x }}{% endfor %}"
  - file: /y
    content: "{{ traits.b | slice: 0, 1 }}{{ traits.b }}"
  - exec: z
    environment: "{{ traits.c }}"
`,
  }));
  assert.ok(checked.ok);
  let deep: Json = "end";
  for (let depth = 0; depth < 5000; depth++) deep = depth % 2 ? [deep] : { "\ud800": deep };
  for (const a of [deep, { "\ud800": "\udfff" }, { __proto__: { x: 1 } }, ["\ud800"]]) {
    const traits = { a, b: "\u{1F600}\ud800", c: a };
    const compiled = compileHost(checked.tree, { hostname: "x", traits });
    assert.equal(digestOfReads(compiled.reads, traits), digestOfReads(compiled.reads, traits));
  }
});

Deno.test("equal digests mean equal policies, whatever the traits are", () => {
  const checked = checkStacks(stackFiles({
    "envoys.vgo": 'match: "*"\nconfigcrates: [a]\n',
    "configcrates/a.vgo": `name: a
resources:
  - file: /x
    content: "{% if traits.a.on %}{{ traits.a.b | json }}{% else %}{{ traits.b | default: 'none' }}{% endif %}"
  - file: /y
    content: "{% for x in traits.c %}{{ x | json }}{% endfor %}{{ traits.c.size }}{{ traits.c.first }}"
`,
  }));
  assert.ok(checked.ok);
  const { tree } = checked;
  const small = fc.constantFrom(0, 1, "x", true, false, null);
  const branch = fc.dictionary(
    fc.constantFrom("on", "b", "size"),
    fc.oneof(small, fc.array(small)),
  );
  const traits = fc.record({
    a: branch,
    b: small,
    c: fc.oneof(fc.array(small, { maxLength: 3 }), branch),
  }, { requiredKeys: [] });
  fc.assert(
    fc.property(traits, traits, (one, other) => {
      const compiled = compileHost(tree, { hostname: "x", traits: one });
      const same = digestOfReads(compiled.reads, one) === digestOfReads(compiled.reads, other);
      if (!same) return;
      assert.deepEqual(compileHost(tree, { hostname: "x", traits: other }), compiled);
    }),
    { numRuns: 1000 },
  );
});

Deno.test("a number without end has a digest, as if there were none", () => {
  const reads = new Set(["/memory/total", "*/memory"] as TraitRead[]);
  const digest = digestOfReads(reads, { memory: { total: 1e400 } });
  assert.equal(digest, digestOfReads(reads, { memory: { total: null } }));
});

Deno.test("a text longer than machines have is cut, for templates and for the digest alike", () => {
  const long = "x".repeat(MAX_TRAIT_TEXT);
  const seen = (distro: string) => {
    const view = recordTraitReads({ os: { distro } }, new Set());
    return JSON.parse(JSON.stringify(view)).os.distro;
  };
  assert.equal(seen(long), long);
  assert.equal(seen(`${long}y`), long);
  assert.equal(seen(`${long.slice(1)}😀`), `${long.slice(1)}\ufffd`);
  const reads = new Set(["/os/distro"] as TraitRead[]);
  assert.equal(
    digestOfReads(reads, { os: { distro: `${long}y` } }),
    digestOfReads(reads, { os: { distro: long } }),
  );
});

import assert from "node:assert/strict";
import { parseTargetSpec } from "../../shared/targeting/target_spec.ts";
import type { TargetSubject } from "../../shared/targeting/target_subject.ts";
import { explainQuery, valuesOf } from "./explain_query.ts";

function subject(hostname: string, traits: unknown, tags = {}): TargetSubject {
  return { hostname, uuid: crypto.randomUUID(), traits, tags };
}

const FLEET = [
  subject("web-1", { os: { distro: "debian" }, memory: { total_mb: 2000 } }, { role: "web" }),
  subject("web-2", { os: { distro: "debian" }, memory: { total_mb: 8000 } }),
  subject("db-1", { os: { distro: "alpine" }, mountpoints: [{ path: "/" }, { path: "/srv" }] }),
];

Deno.test("each condition is told with how many meet it and how many could", () => {
  const terms = explainQuery(parseTargetSpec("os.distro=debian & memory.total_mb>9000"), FLEET);
  assert.deepEqual(terms, [
    {
      term: "os.distro=debian",
      excludes: false,
      matches: 2,
      known: 3,
      examples: ["debian", "alpine"],
      suggestion: null,
    },
    {
      term: "memory.total_mb>9000",
      excludes: false,
      matches: 0,
      known: 2,
      examples: ["2000", "8000"],
      suggestion: null,
    },
  ]);
});

Deno.test("for a trait or tag that nobody has, the nearest that somebody has is offered", () => {
  const suggestions = (spec: string) =>
    explainQuery(parseTargetSpec(spec), FLEET).map(({ suggestion }) => suggestion);
  assert.deepEqual(suggestions("os.distrio=debian"), ["os.distro"]);
  assert.deepEqual(suggestions("memoy.total_mb>1"), ["memory"]);
  assert.deepEqual(suggestions("mountpoints.paths=/srv"), ["mountpoints.path"]);
  assert.deepEqual(suggestions("tag:rolle=web"), ["tag:role"]);
  assert.deepEqual(suggestions("nothing.like.it=1"), [null]);
});

Deno.test("an exclusion is marked, and hostnames are shown where none fits", () => {
  const terms = explainQuery(parseTargetSpec("app-*,-db-*"), FLEET);
  assert.deepEqual(terms.map(({ term, excludes, matches }) => [term, excludes, matches]), [
    ["app-*", false, 0],
    ["db-*", true, 1],
  ]);
  assert.deepEqual(terms[0]?.examples, ["web-1", "web-2", "db-1"]);
});

Deno.test("an answer shows what was asked about, lists included", () => {
  const [, , db] = FLEET;
  assert.ok(db);
  assert.deepEqual(valuesOf(parseTargetSpec("mountpoints.path=/srv,tag:role=web"), db), {
    "mountpoints.path": ["/", "/srv"],
  });
});

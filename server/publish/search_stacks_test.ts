import assert from "node:assert/strict";
import { checkStacks } from "../resolve/check_stacks.ts";
import { runSteps } from "../steps/steps.ts";
import { crateTree, fleetTree, MAX_TREE_NODES } from "./config_tree.ts";
import { isResourceId, searchResource, searchText } from "./search_stacks.ts";

function load(files: Readonly<Record<string, string>>) {
  const checked = checkStacks(
    Object.entries(files).map(([path, text]) => ({ path, bytes: new TextEncoder().encode(text) })),
  );
  assert.ok(checked.ok, JSON.stringify(checked));
  return checked.tree;
}

const TREE = load({
  "envoys.vgo": "envoys:\n  - {match: 'web-*', configcrates: [a], vars: {port: 8080}}\n",
  "configcrates/a.vgo": `name: a
resources:
  - file: /etc/x
    content: |
      first
      Listen {{ vars.port }}
  - user: mara
    password: hunter2
  - user: olga
    password: secret:people/olga
    depends_on: file:/etc/x
`,
  "templates/motd": "one\ntwo Listen\n",
});

Deno.test("a text is found in any case with the place of the line that holds it", () => {
  const { hits } = runSteps(searchText(TREE, "listen", 10));
  assert.deepEqual(hits, [
    {
      kind: "parameter",
      name: "file:/etc/x",
      place: "configcrates/a.vgo:6:7",
      text: "Listen {{ vars.port }}",
    },
    { kind: "template", name: "templates/motd", place: "templates/motd:2:5", text: "two Listen" },
  ]);
  const variable = runSteps(searchText(TREE, "8080", 10)).hits[0];
  assert.deepEqual([variable?.kind, variable?.text], ["variable", "port: 8080"]);
});

Deno.test("a password is not found, the name of a secret is", () => {
  assert.deepEqual(runSteps(searchText(TREE, "hunter2", 10)).hits, []);
  const [secret] = runSteps(searchText(TREE, "people/olga", 10)).hits;
  assert.deepEqual([secret?.name, secret?.text], ["user:olga", "password: secret:people/olga"]);
});

Deno.test("a resource is found where it is declared and where others refer to it", () => {
  assert.ok(isResourceId(TREE, "file:/etc/x"));
  assert.ok(!isResourceId(TREE, "http://x") && !isResourceId(TREE, "file:"));
  const { hits } = runSteps(searchResource(TREE, "file:/etc/x", 10));
  assert.deepEqual(hits.map(({ kind, name }) => [kind, name]), [
    ["resource", "file:/etc/x"],
    ["depends_on", "user:olga"],
  ]);
});

Deno.test("hits past the limit are counted", () => {
  const { hits, more } = runSteps(searchText(TREE, "a", 1));
  assert.deepEqual([hits.length, more > 0], [1, true]);
});

Deno.test("a tree that is too large is cut, and says by how much", () => {
  const entries = Array.from({ length: MAX_TREE_NODES }, (_, at) => `  - match: h${at}\n`);
  const tree = load({ "hosts/a.vgo": `envoys:\n${entries.join("")}`, "b.vgo": "match: z\n" });
  const { roots, leftOut } = fleetTree(tree, ["z", "h1"]);
  assert.deepEqual([roots.length, leftOut], [MAX_TREE_NODES, 1]);
  assert.deepEqual(roots.slice(0, 3).map(({ name, note }) => [name, note]), [
    ["z", "1 host"],
    ["h0", "0 hosts"],
    ["h1", "1 host"],
  ]);
});

Deno.test("the tree of a crate ends with who leads to it; of none there is no tree", () => {
  const { roots } = crateTree(TREE, "a") ?? { roots: [] };
  assert.deepEqual(roots.map(({ kind, name, children }) => [kind, name, children.length]), [
    ["configcrate", "a", 3],
    ["match", "web-*", 0],
  ]);
  assert.equal(crateTree(TREE, "b"), undefined);
});

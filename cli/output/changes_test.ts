import assert from "node:assert/strict";
import { renderChanges, renderProblems, renderRefused } from "./changes.ts";

Deno.test("a mistake is one line in the form that editors jump to, whatever its message holds", () => {
  assert.equal(
    renderProblems([
      { file: "roles.vgo", line: 3, column: 5, message: "unknown key\n\x1b[2Jgone" },
      { file: "envoys.vgo", line: 1, column: 1, message: "expected a list" },
    ]),
    "roles.vgo:3:5: unknown key\\n\\u{1b}[2Jgone\nenvoys.vgo:1:1: expected a list",
  );
});

Deno.test("hosts that change alike share a block, with what is added, removed and changed", () => {
  const text = renderChanges([{
    hosts: ["web-1", "web-2"],
    problems: ["vars.port is undefined"],
    changes: [
      { id: "file:/a", change: "added", crate: "web", diff: "" },
      { id: "file:/b", change: "removed", crate: "web", diff: "" },
      { id: "file:/c", change: "changed", crate: "base", diff: "-old\n+new\x07\n" },
    ],
  }], 1);
  assert.equal(
    text,
    [
      "2 hosts change: 1 resource added, 1 changed, 1 removed; 1 host stays as it is",
      "",
      "web-1, web-2",
      "  ! vars.port is undefined",
      "  + file:/a (web)",
      "  - file:/b (web)",
      "  ~ file:/c (base)",
      "      -old",
      "      +new\\u{7}",
    ].join("\n"),
  );
  assert.equal(renderChanges([], 0), "0 hosts stay as they are");
});

Deno.test("the closing line counts the hosts that cannot have a version, and names the first ones", () => {
  const refused = (hosts: string[]) => ({ hosts, changes: [], problems: ["no"] });
  const changed = { hosts: ["web-1"], changes: [], problems: [] };
  assert.equal(
    renderRefused([changed, refused(["db-1", "db-2"]), refused(["x\x1b"])], 3),
    "3 hosts cannot have it and keep the policy they have: db-1, db-2, x\\u{1b}",
  );
  assert.equal(
    renderRefused([refused(["db-1"])], 1),
    "1 host cannot have it and keeps the policy it has: db-1",
  );
  const many = Array.from({ length: 12 }, (_, index) => `h${index}`);
  assert.match(renderRefused([refused(many)], 12), /^12 hosts .*: h0, .*, h9 and 2 more$/);
});

Deno.test("folded, a long diff and what comes after many blocks is counted; in full all of it is there", () => {
  const diff = Array.from({ length: 23 }, (_, index) => `+line ${index}`).join("\n");
  const changes = Array.from({ length: 22 }, (_, index) => ({
    hosts: [`web-${index}`, `db-${index}`],
    problems: [],
    changes: [{ id: "file:/a", change: "changed" as const, crate: "web", diff }],
  }));
  const folded = renderChanges(changes, 0, { isFolded: true });
  assert.match(folded, /^44 hosts change: 22 resources changed; 0 hosts stay as they are\n/);
  assert.match(folded, /\+line 19\n {6}… 3 more lines; --full shows all\n/);
  assert.match(folded, /\n\nand 4 more hosts; --full shows all$/);
  assert.doesNotMatch(folded, /line 20|web-20/);
  const full = renderChanges(changes, 0);
  assert.match(full, /\+line 22$/);
  assert.match(full, /web-21/);
  assert.doesNotMatch(full, /--full/);
});

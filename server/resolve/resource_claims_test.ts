import assert from "node:assert/strict";
import { problemsOf } from "./stack_fixture.ts";

const KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIE4Jd8GwHzLkHg0vMTWgwkRjSVbhzNV0qvMrsNVWmd0g x";

/** What two resources are said to manage between them. */
function clashes(resources: string): string[] {
  return problemsOf(`resources:\n${resources}`).map((problem) =>
    /both manage (.*): keep one$/.exec(problem)?.[1] ?? problem
  );
}

Deno.test("a file with content and an edit of it would undo each other", () => {
  const edit = "  - file_line: a line\n    path: /x\n    line: y\n";
  assert.deepEqual(clashes(`  - file: /x\n    content: z\n${edit}`), ['the content of "/x"']);
  assert.deepEqual(clashes(`  - file: /x\n    ensure: absent\n${edit}`), ['the content of "/x"']);
  assert.deepEqual(
    clashes(`  - file: /x\n    content: "{{ traits.os.distro }}"\n${edit}`),
    ['the content of "/x"'],
  );
});

Deno.test("a file of which only mode and owner are managed may be edited, by several", () => {
  const edits = "  - file_line: a line\n    path: /x\n    line: y\n" +
    "  - file_line: another\n    path: /x\n    line: z\n" +
    "  - blockinfile: /x\n    block: w\n";
  assert.deepEqual(clashes(`  - file: /x\n    mode: "0600"\n${edits}`), []);
});

Deno.test("one part of a file is for one resource", () => {
  const setting = (name: string, value: number) =>
    `  - ini: ${name}\n    path: /x\n    section: s\n    key: k\n    value: ${value}\n`;
  assert.deepEqual(clashes(setting("a", 1) + setting("b", 2)), ['"k" in [s] of "/x"']);
  const json = (name: string) => `  - json_file: ${name}\n    path: /x\n    set:\n      /a: 1\n`;
  assert.deepEqual(clashes(json("a") + json("b")), ['"/a" of "/x"']);
  const block = (name: string) => `  - blockinfile: ${name}\n    path: /x\n    block: ${name}\n`;
  assert.deepEqual(clashes(block("a") + block("b")), [
    'the block "# {mark} managed by vigo" of "/x"',
  ]);
});

Deno.test("all keys of a user and one of them are not for two resources, several single ones are", () => {
  const one = (name: string) =>
    `  - ssh_authorized_key: ${name}\n    user: mara\n    key: ${KEY}${name}\n`;
  assert.deepEqual(clashes(one("a") + one("b")), []);
  assert.deepEqual(
    clashes(`  - user: mara\n    authorized_keys: [${KEY}]\n${one("a")}`),
    ['the SSH keys of "mara"'],
  );
});

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

Deno.test("a host has one address of each family, and none beside one that is to be absent", () => {
  const host = (name: string, rest: string) => `  - host: ${name}\n    name: db.internal\n${rest}`;
  const v4 = host("a", "    ip: 10.0.0.5\n"), v6 = host("b", "    ip: fd00::5\n");
  assert.deepEqual(clashes(v4 + v6), []);
  assert.deepEqual(clashes(v4 + host("c", "    ip: 10.0.0.6\n")), [
    'the IPv4 address of "db.internal"',
  ]);
  assert.deepEqual(clashes(v6 + "  - host: DB.internal\n    ensure: absent\n"), [
    'the IPv6 address of "db.internal"',
  ]);
});

Deno.test("a rule of the firewall is for one resource, and so is each of its defaults", () => {
  const rule = (name: string, action: string) =>
    `  - firewall: ${name}\n    name: web\n    action: ${action}\n`;
  assert.deepEqual(clashes(rule("a", "accept") + rule("b", "drop")), ['firewall rule "web"']);
  const byDefault = (name: string, direction: string) =>
    `  - firewall: ${name}\n    ensure: default\n    direction: ${direction}\n    action: drop\n`;
  assert.deepEqual(clashes(byDefault("a", "in") + byDefault("b", "out")), []);
  assert.deepEqual(clashes(byDefault("a", "in") + byDefault("b", "in")), [
    'what the firewall does by default with what goes "in"',
  ]);
});

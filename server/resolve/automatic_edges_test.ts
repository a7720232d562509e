import assert from "node:assert/strict";
import { idsOf, problemsOf, resourcesOf } from "./stack_fixture.ts";

/** What each resource comes after. */
function needsOf(resources: string): Record<string, readonly string[]> {
  return Object.fromEntries(
    resourcesOf(`resources:\n${resources}`)
      .map(({ id, dependsOn }) => [id, dependsOn]),
  );
}

Deno.test("what lies below a mount comes after it, and the mount after the folder at its path", () => {
  const needs = needsOf(`  - file: /data/app/x
  - directory: /data/app
  - directory: /data
  - mount: /data
    device: /dev/sdb1
    fstype: ext4
  - user: app
    home: /data/app/home
`);
  assert.deepEqual(needs["mount:/data"], ["directory:/data"]);
  assert.deepEqual(needs["directory:/data/app"], ["directory:/data", "mount:/data"]);
  assert.deepEqual(needs["file:/data/app/x"], ["directory:/data/app", "mount:/data"]);
  assert.deepEqual(needs["user:app"], ["directory:/data/app", "mount:/data"]);
});

Deno.test("what changes a part of a file comes after the file and its folder", () => {
  const needs = needsOf(`  - file_line: line
    path: /etc/app/conf
    line: x
  - ini: port
    path: /etc/app/conf
    section: web
    key: port
    value: "80"
  - file: /etc/app/conf
  - directory: /etc/app
`);
  assert.deepEqual(needs["file_line:line"], ["directory:/etc/app", "file:/etc/app/conf"]);
  assert.deepEqual(needs["ini:port"], ["directory:/etc/app", "file:/etc/app/conf"]);
});

Deno.test("what belongs to accounts comes after them, and users after their groups", () => {
  const key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIE4Jd8GwHzLkHg0vMTWgwkRjSVbhzNV0qvMrsNVWmd0g x";
  const needs = needsOf(`  - ssh_authorized_key: app
    key: "${key}"
  - cron: nightly
    user: app
    command: /opt/run
    schedule: "@daily"
  - user: app
    gid: staff
    groups: [adm, web]
  - group: staff
  - group: web
  - file: /opt/run
`);
  assert.deepEqual(needs["ssh_authorized_key:app"], ["user:app"]);
  assert.deepEqual(needs["cron:nightly"], ["file:/opt/run", "user:app"]);
  assert.deepEqual(needs["user:app"], ["group:staff", "group:web"]);
});

Deno.test("what lies in a checkout comes after it, and the checkout after the folder it fills", () => {
  const needs = needsOf(`  - file: /srv/app/local.conf
  - git: /srv/app
    repository: https://example.com/app.git
    owner: app
  - directory: /srv/app
  - user: app
`);
  assert.deepEqual(needs["git:/srv/app"], ["directory:/srv/app", "user:app"]);
  assert.deepEqual(needs["file:/srv/app/local.conf"], ["directory:/srv/app", "git:/srv/app"]);
});

const REPOSITORY = `  - repository: tools
    uris: https://example.com/debian
    suites: stable
    components: main
    trusted: true
    depends_on: package:ca-certificates
`;

Deno.test("a package comes after every repository, but for those that a repository needs", () => {
  const needs = needsOf(`  - package: tool
  - package: ca-certificates
  - package: old
    ensure: absent
${REPOSITORY}`);
  assert.deepEqual(needs["package:tool"], ["repository:tools"]);
  assert.deepEqual(needs["package:ca-certificates"], []);
  assert.deepEqual(needs["package:old"], []);
  assert.deepEqual(needs["repository:tools"], ["package:ca-certificates"]);
});

Deno.test("two resources cannot keep one group, mount, key of the kernel or name of the host", () => {
  const problems = problemsOf(`resources:
  - group: a
  - group: b
    name: a
  - hostname: x.example
  - hostname: y.example
`);
  assert.deepEqual(problems, [
    'configcrates/a.vgo:4:5: group:b and group:a (configcrates/a.vgo:3:5) both manage group "a": keep one',
    "configcrates/a.vgo:7:5: hostname:y.example and hostname:x.example (configcrates/a.vgo:6:5) both manage the hostname: keep one",
  ]);
});

Deno.test("the folder of folders is needed by all but itself", () => {
  assert.deepEqual(idsOf("resources:\n  - file: /x\n  - directory: /\n"), [
    "directory:/",
    "file:/x",
  ]);
});

import assert from "node:assert/strict";
import { applyResources, bundleResource, outcomesOf } from "../../tests/support/apply_resources.ts";
import { TemporaryMachine } from "../../tests/support/temporary_machine.ts";
import type { BundleResource } from "../../shared/config/policy_bundle.ts";

/** What a dry run says, shown to have changed nothing. */
async function dryRun(
  machine: TemporaryMachine,
  bundle: readonly BundleResource[],
): Promise<Record<string, string>> {
  const before = await machine.fingerprint();
  const applied = await applyResources(machine, bundle, { dryRun: true });
  assert.equal(await machine.fingerprint(), before);
  return outcomesOf(applied);
}

Deno.test("a service whose package would be installed cannot be known before, and nothing fails", async () => {
  await using machine = await TemporaryMachine.create();
  const bundle = [
    bundleResource("package:nginx", { params: { name: "nginx" } }),
    bundleResource("file:conf", {
      params: { path: machine.root.join("nginx.conf"), content: "x" },
      dependsOn: ["package:nginx"],
      notify: ["service:nginx"],
    }),
    bundleResource("service:nginx", {
      params: { name: "nginx", state: "running", enabled: true },
      dependsOn: ["package:nginx", "file:conf"],
    }),
    bundleResource("exec:smoke", { params: { command: "false" }, dependsOn: ["service:nginx"] }),
  ];
  assert.deepEqual(await dryRun(machine, bundle), {
    "package:nginx": "would_change",
    "file:conf": "would_change",
    "service:nginx": "unknown: cannot be known before package:nginx has changed: " +
      'systemd knows no service "nginx"',
    "exec:smoke": "unknown: depends on unknown service:nginx",
  });
});

Deno.test("a service that a package would bring is not said to be stopped already", async () => {
  await using machine = await TemporaryMachine.create();
  const bundle = [
    bundleResource("package:nginx", { params: { name: "nginx" } }),
    bundleResource("file:between", {
      params: { path: machine.root.join("between"), content: "x" },
      dependsOn: ["package:nginx"],
    }),
    bundleResource("service:nginx", {
      params: { name: "nginx", state: "stopped", enabled: false },
      dependsOn: ["file:between"],
    }),
  ];
  await Deno.writeTextFile(machine.root.join("between"), "x");
  const dry = await dryRun(machine, bundle);
  assert.equal(dry["file:between"], "none");
  assert.equal(
    dry["service:nginx"],
    "unknown: in sync now, but package:nginx would change before",
  );
});

Deno.test("a file and a folder of a user that would be made would change, as would what runs as the user", async () => {
  await using machine = await TemporaryMachine.create();
  const home = machine.root.join("home/app");
  await Deno.writeTextFile(machine.root.join("there"), "");
  await Deno.mkdir(machine.root.join("etc/cron.d"));
  const bundle = [
    bundleResource("group:web", { params: { name: "web" } }),
    bundleResource("user:app", {
      params: { name: "app", groups: ["web"] },
      dependsOn: ["group:web"],
    }),
    bundleResource("directory:data", {
      params: { path: `${home}/data`, owner: "app", group: "web", parents: true },
      dependsOn: ["user:app"],
    }),
    bundleResource("file:data", {
      params: { path: `${home}/data/x`, content: "x", owner: "app", group: "app" },
      dependsOn: ["directory:data"],
    }),
    bundleResource("file:there", {
      params: { path: machine.root.join("there"), owner: "app" },
      dependsOn: ["user:app"],
    }),
    bundleResource("exec:as", {
      params: { command: "true", user: "app" },
      dependsOn: ["user:app"],
    }),
    bundleResource("ssh_authorized_key:app", {
      params: { user: "app", key: `ssh-ed25519 ${"A".repeat(68)} a` },
      dependsOn: ["user:app"],
    }),
    bundleResource("cron:app", {
      params: { name: "app", user: "app", command: "true", schedule: "@daily" },
      dependsOn: ["user:app"],
    }),
    bundleResource("exec:guarded", {
      params: { command: "true", unless: "test -e ~/done", user: "app" },
      dependsOn: ["user:app"],
    }),
  ];
  assert.deepEqual(await dryRun(machine, bundle), {
    "group:web": "would_change",
    "user:app": "would_change",
    "directory:data": "would_change",
    "file:data": "would_change",
    "file:there": "would_change",
    "exec:as": "would_change",
    "ssh_authorized_key:app": "would_change",
    "cron:app": "would_change",
    "exec:guarded": "unknown: cannot be known before user:app has changed: " +
      'there is no user "app" on this machine',
  });
});

Deno.test("a user with another primary group brings no group of its own name", async () => {
  await using machine = await TemporaryMachine.create();
  const bundle = [
    bundleResource("user:app", { params: { name: "app", gid: "adm" } }),
    bundleResource("file:x", {
      params: { path: machine.root.join("x"), content: "x", owner: "app", group: "app" },
      dependsOn: ["user:app"],
    }),
  ];
  const dry = await dryRun(machine, bundle);
  assert.equal(
    dry["file:x"],
    "unknown: cannot be known before user:app has changed: " +
      'there is no group "app" on this machine',
  );
});

Deno.test("an owner that nobody would make is still unknown, in dry runs and real ones", async () => {
  await using machine = await TemporaryMachine.create();
  const bundle = [
    bundleResource("file:x", {
      params: { path: machine.root.join("x"), content: "x", owner: "nobody-knows" },
    }),
  ];
  const unknown = { "file:x": 'unknown: there is no user "nobody-knows" on this machine' };
  assert.deepEqual(await dryRun(machine, bundle), unknown);
  assert.deepEqual(outcomesOf(await applyResources(machine, bundle)), unknown);
});

Deno.test("a command whose guard says no cannot be known once something would change before it", async () => {
  await using machine = await TemporaryMachine.create();
  const path = machine.root.join("schema.sql");
  const bundle = [
    bundleResource("file:schema", { params: { path, content: "x" } }),
    bundleResource("exec:import", {
      params: { command: "true", onlyif: `test -e ${path}` },
      dependsOn: ["file:schema"],
    }),
    bundleResource("exec:other", { params: { command: "true", onlyif: "false" } }),
  ];
  const dry = await dryRun(machine, bundle);
  assert.equal(dry["exec:import"], "unknown: in sync now, but file:schema would change before");
  assert.equal(dry["exec:other"], "none");
  await applyResources(machine, bundle.slice(0, 1));
  assert.equal((await dryRun(machine, bundle))["exec:import"], "would_change");
});

Deno.test("a file that is to be absent cannot be known after a package, and is in sync after a folder", async () => {
  await using machine = await TemporaryMachine.create();
  const folder = machine.root.join("sites");
  const bundle = [
    bundleResource("directory:sites", { params: { path: folder } }),
    bundleResource("file:a", {
      params: { path: `${folder}/default`, ensure: "absent" },
      dependsOn: ["directory:sites"],
    }),
    bundleResource("package:nginx", { params: { name: "nginx" } }),
    bundleResource("file:b", {
      params: { path: `${folder}/other`, ensure: "absent" },
      dependsOn: ["directory:sites", "package:nginx"],
    }),
  ];
  const dry = await dryRun(machine, bundle);
  assert.equal(dry["file:a"], "none");
  assert.equal(dry["file:b"], "unknown: in sync now, but package:nginx would change before");
});

Deno.test("a checkout into a folder that would be made, and a file in it, would change", async () => {
  await using machine = await TemporaryMachine.create();
  const folder = machine.root.join("srv");
  const repository = machine.root.join("origin");
  await machine.processes.run({
    argv: ["/bin/sh", "-c", ORIGIN, "sh", repository],
    timeoutMs: 60_000,
  });
  const bundle = [
    bundleResource("directory:srv", { params: { path: folder } }),
    bundleResource("git:app", {
      params: { path: `${folder}/app`, repository },
      dependsOn: ["directory:srv"],
    }),
    bundleResource("file:env", {
      params: { path: `${folder}/app/.env`, content: "x" },
      dependsOn: ["git:app"],
    }),
  ];
  assert.deepEqual(await dryRun(machine, bundle), {
    "directory:srv": "would_change",
    "git:app": "would_change",
    "file:env": "would_change",
  });
});

Deno.test("what cannot be reached yet is not blocked, but waits for what would make it so", async () => {
  await using machine = await TemporaryMachine.create();
  const repository = machine.root.join("missing");
  const bundle = [
    bundleResource("exec:origin", { params: { command: "true" } }),
    bundleResource("git:app", {
      params: { path: machine.root.join("app"), repository },
      dependsOn: ["exec:origin"],
    }),
  ];
  const dry = await dryRun(machine, bundle);
  assert.match(dry["git:app"] ?? "", /^unknown: cannot be known before exec:origin has changed: /);
});

Deno.test("a missing folder that nothing makes is said before, not promised and then failed", async () => {
  await using machine = await TemporaryMachine.create();
  const at = (path: string) => machine.root.join(path);
  const bundle = [
    bundleResource("file:x", { params: { path: at("no/x"), content: "x" } }),
    bundleResource("directory:x", { params: { path: at("no/folder") } }),
    bundleResource("symlink:x", { params: { path: at("no/link"), target: "/etc" } }),
    bundleResource("git:x", {
      params: { path: at("no/app"), repository: at("origin"), revision: "0".repeat(40) },
    }),
    bundleResource("file:gone", { params: { path: at("no/gone"), ensure: "absent" } }),
  ];
  const missing = `unknown: there is no folder "${at("no")}"; add a directory resource for it`;
  assert.deepEqual(await dryRun(machine, bundle), {
    "file:x": missing,
    "directory:x": missing,
    "symlink:x": missing,
    "git:x": missing,
    "file:gone": "none",
  });
  const { resources } = await applyResources(machine, bundle);
  assert.deepEqual(resources.map(({ outcome }) => outcome), [
    "failed",
    "failed",
    "failed",
    "failed",
    "none",
  ]);
});

Deno.test("what goes into a folder that would be made would change, parts of new files too, and then does", async () => {
  await using machine = await TemporaryMachine.create();
  const at = (path: string) => machine.root.join(path);
  const create = true;
  const bundle = [
    bundleResource("directory:deep", { params: { path: at("new/deep"), parents: true } }),
    bundleResource("file:above", { params: { path: at("new/file"), content: "x" } }),
    bundleResource("directory:in", { params: { path: at("new/deep/in") } }),
    bundleResource("symlink:in", { params: { path: at("new/deep/in/link"), target: "/etc" } }),
    bundleResource("ini:in", {
      params: { path: at("new/deep/a.ini"), section: "a", key: "b", value: "c", create },
    }),
    bundleResource("json_file:in", {
      params: { path: at("new/deep/a.json"), set: { "/a": 1 }, create },
    }),
    bundleResource("blockinfile:in", {
      params: { path: at("new/deep/a.block"), block: "x", create },
    }),
    bundleResource("file_line:in", {
      params: { path: at("new/deep/a.line"), line: "x", create },
    }),
  ];
  const dry = await dryRun(machine, bundle);
  assert.deepEqual(
    dry,
    Object.fromEntries(bundle.map(({ id }) => [id, "would_change"])),
  );
  const real = outcomesOf(await applyResources(machine, bundle));
  assert.deepEqual(real, Object.fromEntries(bundle.map(({ id }) => [id, "created"])));
});

/** Makes a repository with one commit. */
const ORIGIN = 'git init -q "$1" && cd "$1" && echo x > x && git add x && ' +
  "git -c user.name=t -c user.email=t@example.org commit -q -m x";

Deno.test("once everything was applied the dry run finds nothing to do", async () => {
  await using machine = await TemporaryMachine.create();
  const home = machine.root.join("srv/app");
  const bundle = [
    bundleResource("package:nginx", { params: { name: "nginx" } }),
    bundleResource("user:app", { params: { name: "app", create_home: false } }),
    bundleResource("directory:app", {
      params: { path: home, parents: true },
      dependsOn: ["user:app"],
    }),
    bundleResource("file:conf", {
      params: { path: `${home}/conf`, content: "x" },
      dependsOn: ["directory:app", "package:nginx"],
    }),
    bundleResource("exec:once", {
      params: { command: `touch ${home}/done`, creates: `${home}/done` },
      dependsOn: ["file:conf"],
    }),
    bundleResource("file:old", {
      params: { path: `${home}/old`, ensure: "absent" },
      dependsOn: ["exec:once"],
    }),
  ];
  const first = await dryRun(machine, bundle);
  assert.deepEqual(first, {
    "package:nginx": "would_change",
    "user:app": "would_change",
    "directory:app": "would_change",
    "file:conf": "would_change",
    "exec:once": "would_change",
    "file:old": "unknown: in sync now, but exec:once would change before",
  });
  await applyResources(machine, bundle);
  const last = await dryRun(machine, bundle);
  assert.deepEqual([...new Set(Object.values(last))], ["none"]);
});

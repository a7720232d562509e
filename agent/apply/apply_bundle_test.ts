import assert from "node:assert/strict";
import { applyResources, bundleResource, outcomesOf } from "../../tests/support/apply_resources.ts";
import { eventually } from "../../tests/support/eventually.ts";
import { TemporaryMachine } from "../../tests/support/temporary_machine.ts";
import { Registry } from "../resources/registry.ts";
import type { ResourceType } from "../resources/resource.ts";
import { fileSchema } from "../../shared/config/resources/file.ts";
import { MemoryJournal } from "./notification_journal.ts";
import { NO_SECRETS } from "./secret_source.ts";

Deno.test("a second run of the same bundle finds nothing to do", async () => {
  await using machine = await TemporaryMachine.create();
  const folder = machine.root.join("www");
  const bundle = [
    bundleResource("directory:www", { params: { path: folder } }),
    bundleResource("file:index", {
      params: { path: `${folder}/index`, content: "hello" },
      dependsOn: ["directory:www"],
    }),
  ];
  assert.deepEqual(outcomesOf(await applyResources(machine, bundle)), {
    "directory:www": "created",
    "file:index": "created",
  });
  assert.deepEqual(outcomesOf(await applyResources(machine, bundle)), {
    "directory:www": "none",
    "file:index": "none",
  });
});

Deno.test("what depends on a failure is skipped, and the cause is named however far away", async () => {
  await using machine = await TemporaryMachine.create();
  const bundle = [
    bundleResource("exec:a", { params: { command: "exit 7" } }),
    bundleResource("exec:b", { params: { command: "true" }, dependsOn: ["exec:a"] }),
    bundleResource("exec:c", { params: { command: "true" }, dependsOn: ["exec:b"] }),
    bundleResource("exec:d", { params: { command: "true" } }),
  ];
  assert.deepEqual(outcomesOf(await applyResources(machine, bundle)), {
    "exec:a": 'failed: "exit 7" ended with status 7',
    "exec:b": "skipped: depends on exec:a, which failed",
    "exec:c": "skipped: depends on exec:a, which failed",
    "exec:d": "updated",
  });
});

Deno.test("a full disk blocks and does not fail; what depends on it is skipped", async () => {
  await using machine = await TemporaryMachine.create();
  machine.files.fail("writeFile", "ENOSPC");
  const path = machine.root.join("motd");
  const bundle = [
    bundleResource("file:motd", { params: { path, content: "x" } }),
    bundleResource("exec:b", { params: { command: "true" }, dependsOn: ["file:motd"] }),
  ];
  assert.deepEqual(outcomesOf(await applyResources(machine, bundle)), {
    "file:motd": `blocked: Cannot writeFile "${path}": no space left on device`,
    "exec:b": "skipped: depends on file:motd, which is blocked",
  });
});

Deno.test("a broken package source blocks", async () => {
  await using machine = await TemporaryMachine.create();
  machine.packages.fault = "apt-get update ended with status 100";
  const bundle = [bundleResource("package:nginx", { params: { name: "nginx" } })];
  assert.deepEqual(outcomesOf(await applyResources(machine, bundle)), {
    "package:nginx": "blocked: apt-get update ended with status 100",
  });
});

Deno.test("a dry run says what would change and changes nothing, notified resources included", async () => {
  await using machine = await TemporaryMachine.create();
  machine.services.units.set("nginx", { running: true, enabled: true });
  const bundle = [
    bundleResource("file:conf", {
      params: { path: machine.root.join("conf"), content: "x" },
      notify: ["service:nginx"],
    }),
    bundleResource("service:nginx", {
      params: { name: "nginx", state: "restarted" },
      when: "changed",
    }),
  ];
  const before = await machine.fingerprint();
  const journal = new MemoryJournal();
  const dry = await applyResources(machine, bundle, { dryRun: true, journal });
  assert.deepEqual(outcomesOf(dry), {
    "file:conf": "would_change",
    "service:nginx": "would_change",
  });
  assert.equal(await machine.fingerprint(), before);
  assert.deepEqual(await journal.load(), []);
  const real = await applyResources(machine, bundle);
  assert.deepEqual(real.resources.map(({ diff }) => diff), dry.resources.map(({ diff }) => diff));
});

Deno.test("in a dry run what depends on an unknown is unknown itself", async () => {
  await using machine = await TemporaryMachine.create();
  const bundle = [
    bundleResource("file:x", { params: { path: machine.root.join("etc") }, notify: ["exec:n"] }),
    bundleResource("exec:b", { params: { command: "true" }, dependsOn: ["file:x"] }),
    bundleResource("exec:c", { params: { command: "true" }, dependsOn: ["exec:b"] }),
    bundleResource("exec:n", { params: { command: "true" }, when: "changed" }),
  ];
  const dry = outcomesOf(await applyResources(machine, bundle, { dryRun: true }));
  assert.equal(dry["exec:b"], "unknown: depends on unknown file:x");
  assert.equal(dry["exec:c"], "unknown: depends on unknown file:x");
  assert.equal(dry["exec:n"], "unknown: runs if file:x changes, which is unknown");
  const real = outcomesOf(await applyResources(machine, bundle));
  assert.equal(real["exec:b"], "skipped: depends on file:x, which is unknown");
  assert.equal(real["exec:n"], "none");
});

Deno.test("when: changed acts once for a change and never without one", async () => {
  await using machine = await TemporaryMachine.create();
  machine.services.units.set("nginx", { running: true, enabled: true });
  const path = machine.root.join("conf");
  const bundle = [
    bundleResource("file:conf", { params: { path, content: "x" }, notify: ["service:nginx"] }),
    bundleResource("service:nginx", {
      params: { name: "nginx", state: "restarted" },
      when: "changed",
      dependsOn: ["file:conf"],
    }),
  ];
  const journal = new MemoryJournal();
  for (let run = 0; run < 3; run++) await applyResources(machine, bundle, { journal });
  assert.deepEqual(machine.services.acts, ["restart nginx"]);
  await Deno.writeTextFile(path, "drift");
  await applyResources(machine, bundle, { journal });
  assert.deepEqual(machine.services.acts, ["restart nginx", "restart nginx"]);
});

Deno.test("a notification is owed until its receiver has acted, over any number of runs", async () => {
  await using machine = await TemporaryMachine.create();
  const bundle = [
    bundleResource("file:conf", {
      params: { path: machine.root.join("conf"), content: "x" },
      notify: ["exec:reload"],
    }),
    bundleResource("exec:reload", {
      params: { command: "test -e allowed", cwd: machine.root.path },
      when: "changed",
    }),
  ];
  const journal = new MemoryJournal();
  assert.match(
    outcomesOf(await applyResources(machine, bundle, { journal }))["exec:reload"] ?? "",
    /^failed/,
  );
  assert.match(
    outcomesOf(await applyResources(machine, bundle, { journal }))["exec:reload"] ?? "",
    /^failed/,
  );
  await Deno.writeTextFile(machine.root.join("allowed"), "");
  const healed = await applyResources(machine, bundle, { journal });
  assert.equal(outcomesOf(healed)["exec:reload"], "updated");
  assert.deepEqual(healed.pendingNotifications, []);
  assert.equal(
    outcomesOf(await applyResources(machine, bundle, { journal }))["exec:reload"],
    "none",
  );
});

Deno.test("a notification is durable before the change that causes it", async () => {
  await using machine = await TemporaryMachine.create();
  const path = machine.root.join("conf");
  const journal = new MemoryJournal();
  const saved: [string, boolean][] = [];
  const save = journal.save.bind(journal);
  journal.save = async (ids) => {
    saved.push([ids.join(), await machine.files.inspect(path) !== undefined]);
    await save(ids);
  };
  const bundle = [
    bundleResource("file:conf", { params: { path, content: "x" }, notify: ["exec:reload"] }),
    bundleResource("exec:reload", { params: { command: "true" }, when: "changed" }),
  ];
  await applyResources(machine, bundle, { journal });
  assert.deepEqual(saved, [["exec:reload", false], ["", true]]);
});

Deno.test("a change that is refused on every run notifies nobody", async () => {
  await using machine = await TemporaryMachine.create();
  const bundle = [
    bundleResource("file:conf", {
      params: { path: machine.root.join("conf"), content: "x", validate: "false %" },
      notify: ["exec:reload"],
    }),
    bundleResource("exec:reload", { params: { command: "true" }, when: "changed" }),
  ];
  const applied = await applyResources(machine, bundle);
  assert.equal(outcomesOf(applied)["exec:reload"], "none");
  assert.deepEqual(applied.pendingNotifications, []);
});

Deno.test("what is owed to a resource that left the policy is forgotten", async () => {
  await using machine = await TemporaryMachine.create();
  const journal = new MemoryJournal(["exec:gone", "exec:here"]);
  const bundle = [bundleResource("exec:here", { params: { command: "true" }, when: "changed" })];
  const applied = await applyResources(machine, bundle, { journal });
  assert.equal(outcomesOf(applied)["exec:here"], "updated");
  assert.deepEqual(applied.pendingNotifications, []);
});

Deno.test("a resource that does not settle has failed", async () => {
  await using machine = await TemporaryMachine.create();
  machine.services.units.set("nginx", { running: false, enabled: true, crashes: true });
  const bundle = [
    bundleResource("service:nginx", { params: { name: "nginx", state: "running" } }),
    bundleResource("exec:a", { params: { command: "true", unless: "false" } }),
  ];
  const applied = outcomesOf(await applyResources(machine, bundle));
  assert.equal(
    applied["service:nginx"],
    "failed: does not settle; right after the change: nginx: start (now dead)",
  );
  assert.match(applied["exec:a"] ?? "", /^failed: does not settle/);
});

Deno.test("guardrails, unknown types and bad parameters fail one resource and no other", async () => {
  await using machine = await TemporaryMachine.create();
  const bundle = [
    bundleResource("file:forbidden", { params: { path: "/etc/vigo-envoy/x" } }),
    bundleResource("gadget:x"),
    bundleResource("file:bad", { params: { path: "relative" } }),
    bundleResource("exec:fine", { params: { command: "true" } }),
  ];
  const guardrails = ({ name }: { readonly name: string }) =>
    name === "forbidden"
      ? { ok: false, reason: "configcrate base may not" } as const
      : { ok: true } as const;
  const applied = outcomesOf(await applyResources(machine, bundle, { guardrails }));
  assert.equal(applied["file:forbidden"], "failed: configcrate base may not");
  assert.match(applied["gadget:x"] ?? "", /^failed: resource type "gadget" is unknown/);
  assert.match(applied["file:bad"] ?? "", /^failed: Cannot read the parameters of file: path:/);
  assert.equal(applied["exec:fine"], "updated");
});

Deno.test("an error nobody expected costs the resource that threw it", async () => {
  await using machine = await TemporaryMachine.create();
  const broken: ResourceType<unknown> = {
    type: "file",
    schema: fileSchema,
    check: () => Promise.reject(new TypeError("undefined is not a function")),
    apply: () => Promise.resolve("none"),
  };
  const bundle = [bundleResource("file:a", { params: { path: "/a" } })];
  const applied = await applyResources(machine, bundle, {
    registry: new Registry().register(broken),
  });
  assert.equal(outcomesOf(applied)["file:a"], "failed: undefined is not a function");
});

Deno.test("a dependency that does not come first is an error of the bundle", async () => {
  await using machine = await TemporaryMachine.create();
  const bundle = [bundleResource("exec:a", { params: { command: "true" }, dependsOn: ["exec:z"] })];
  assert.match(
    outcomesOf(await applyResources(machine, bundle))["exec:a"] ?? "",
    /exec:z, which does not stand/,
  );
});

Deno.test("stopping a run ends the command that runs and skips the rest", async () => {
  await using machine = await TemporaryMachine.create();
  const stop = new AbortController();
  const bundle = [
    bundleResource("exec:long", {
      params: { command: "touch started; sleep 600", cwd: machine.root.path },
      notify: ["exec:next"],
    }),
    bundleResource("exec:next", { params: { command: "true" }, when: "changed" }),
  ];
  const running = applyResources(machine, bundle, { signal: stop.signal });
  await eventually("the command runs", () => machine.files.inspect(machine.root.join("started")));
  stop.abort();
  const stopped = await running;
  const applied = outcomesOf(stopped);
  assert.match(applied["exec:long"] ?? "", /^failed: .* was stopped/);
  assert.equal(applied["exec:next"], "skipped: the run was stopped");
  // Nobody can tell how far the command came, so its notification is owed.
  assert.deepEqual(stopped.pendingNotifications, ["exec:next"]);
});

Deno.test("secrets are taken out of diffs and reasons", async () => {
  await using machine = await TemporaryMachine.create();
  const path = machine.root.join("conf");
  const bundle = [
    bundleResource("file:conf", { params: { path, content: "token=hunter2\n" } }),
    bundleResource("exec:a", { params: { command: "echo hunter2; exit 1" } }),
  ];
  const redact = (text: string) => text.replaceAll("hunter2", "«secret»");
  const applied = await applyResources(machine, bundle, { secrets: { ...NO_SECRETS, redact } });
  assert.doesNotMatch(JSON.stringify(applied), /hunter2/);
  assert.match(JSON.stringify(applied), /token=«secret»/);
});

Deno.test("progress is told of each resource in order", async () => {
  await using machine = await TemporaryMachine.create();
  const seen: string[] = [];
  const bundle = ["exec:a", "exec:b"].map((id) =>
    bundleResource(id, { params: { command: "true" } })
  );
  await applyResources(machine, bundle, {
    onProgress: ({ id, outcome }, done, total) => seen.push(`${done}/${total} ${id} ${outcome}`),
  });
  assert.deepEqual(seen, ["1/2 exec:a updated", "2/2 exec:b updated"]);
});

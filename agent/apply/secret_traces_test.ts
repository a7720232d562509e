import assert from "node:assert/strict";
import type { BundleResource } from "../../shared/config/policy_bundle.ts";
import { Secret } from "../../shared/crypto/secret.ts";
import { applyResources, bundleResource } from "../../tests/support/apply_resources.ts";
import { TemporaryMachine } from "../../tests/support/temporary_machine.ts";
import { MemoryTraceStore, WITHHELD_DIFF } from "./secret_traces.ts";

const SECRET = { kind: "secret", path: "db/password" } as const;

/** An agent that is started anew for each run: what it has forgotten it cannot redact. */
class Rig implements AsyncDisposable {
  readonly store = new MemoryTraceStore();
  readonly kept: string[] = [];

  private constructor(readonly machine: TemporaryMachine, readonly path: string) {}

  static async create(): Promise<Rig> {
    const machine = await TemporaryMachine.create();
    return new Rig(machine, machine.root.join("app.conf"));
  }

  /** Applies resources and returns the diff of each. */
  async run(resources: readonly BundleResource[], { dryRun = false } = {}) {
    const { resources: reports } = await applyResources(this.machine, resources, {
      dryRun,
      secretTraces: this.store,
      snapshots: {
        keep: async (_runId, path) => void this.kept.push(await Deno.readTextFile(path)),
      },
      secrets: { get: () => ({ ok: true, secret: new Secret("hunter2") }), redact: (text) => text },
    });
    return reports.map(({ diff = "", reason = "" }) => diff + reason);
  }

  secretFile() {
    return bundleResource("file:app", {
      params: { path: this.path },
      deferred: [{ at: "/content", value: SECRET }],
    });
  }

  plainFile(content: string, id = "file:app") {
    return bundleResource(id, { params: { path: this.path, content } });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.machine[Symbol.asyncDispose]();
  }
}

Deno.test("what replaces a secret shows nothing of it and keeps nothing, and what comes after is shown and kept", async () => {
  await using rig = await Rig.create();
  await rig.run([rig.secretFile()]);
  assert.deepEqual(rig.store.traces, { "file:app": [rig.path] });
  const plain = [rig.plainFile("port=1\n")];
  assert.deepEqual(await rig.run(plain, { dryRun: true }), [WITHHELD_DIFF]);
  assert.deepEqual(await rig.run(plain), [WITHHELD_DIFF]);
  assert.deepEqual([rig.kept, rig.store.traces], [[], {}]);
  const [diff = ""] = await rig.run([rig.plainFile("port=2\n")]);
  assert.match(diff, /-port=1\n\+port=2/);
  assert.deepEqual(rig.kept, ["port=1\n"]);
});

Deno.test("the file bears the trace, whatever resource writes to it next", async () => {
  await using rig = await Rig.create();
  await rig.run([rig.secretFile()]);
  assert.deepEqual(await rig.run([rig.plainFile("port=1\n", "file:other")]), [WITHHELD_DIFF]);
  assert.deepEqual([rig.kept, rig.store.traces], [[], {}]);
});

Deno.test("a file that is edited in places bears its trace until it is replaced as a whole", async () => {
  await using rig = await Rig.create();
  const line = (line: string) =>
    bundleResource("file_line:port", { params: { path: rig.path, match: "^port=", line } });
  await rig.run([rig.secretFile()]);
  assert.deepEqual(await rig.run([line("port=1")]), [WITHHELD_DIFF]);
  assert.deepEqual(await rig.run([line("port=2")]), [WITHHELD_DIFF]);
  assert.match(await Deno.readTextFile(rig.path), /hunter2/);
  await rig.run([bundleResource("file:app", { params: { path: rig.path, ensure: "absent" } })]);
  assert.deepEqual([rig.kept, rig.store.traces], [[], {}]);
});

Deno.test("a resource whose file has moved leaves its trace where it was", async () => {
  await using rig = await Rig.create();
  await rig.run([rig.secretFile()]);
  const elsewhere = bundleResource("file:app", {
    params: { path: `${rig.path}.new`, content: "port=1\n" },
  });
  assert.match((await rig.run([elsewhere]))[0] ?? "", /\+port=1/);
  assert.deepEqual(rig.store.traces, { "file:app": [rig.path] });
});

Deno.test("only modes of a file are no replacement, and a dry run leaves no trace", async () => {
  await using rig = await Rig.create();
  await rig.run([rig.secretFile()], { dryRun: true });
  assert.deepEqual(rig.store.traces, {});
  await rig.run([rig.secretFile()]);
  await rig.run([bundleResource("file:app", { params: { path: rig.path, mode: "0600" } })]);
  assert.deepEqual(rig.store.traces, { "file:app": [rig.path] });
});

Deno.test("a path that holds a secret is not written down; its resource bears the trace", async () => {
  await using rig = await Rig.create();
  const path = rig.machine.root.join("");
  const hidden = bundleResource("file:hidden", {
    params: { content: "x" },
    deferred: [{
      at: "/path",
      value: {
        kind: "template",
        text: `${path}/{{ vars.name }}`,
        scope: { vars: { name: null } },
        secrets: [{ at: "/vars/name", path: "db/password" }],
      },
    }],
  });
  await rig.run([hidden]);
  assert.deepEqual(rig.store.traces, { "file:hidden": [] });
  assert.deepEqual(await rig.run([rig.plainFile("y", "file:hidden")]), [WITHHELD_DIFF]);
  assert.deepEqual(rig.store.traces, {});
});

import assert from "node:assert/strict";
import { Secret } from "../../shared/crypto/secret.ts";
import { applyResources, bundleResource } from "../../tests/support/apply_resources.ts";
import { TemporaryMachine } from "../../tests/support/temporary_machine.ts";
import type { SnapshotStore } from "./snapshot_store.ts";

Deno.test("no snapshot is kept of what a secret is written over, and one is of any other file", async () => {
  await using machine = await TemporaryMachine.create();
  const [secret, plain] = [machine.root.join("secret"), machine.root.join("plain")];
  for (const path of [secret, plain]) await Deno.writeTextFile(path, "an older value");
  const kept: string[] = [];
  const snapshots: SnapshotStore = {
    keep: (_runId, path) => {
      kept.push(path);
      return Promise.resolve();
    },
  };
  const bundle = [
    bundleResource("file:secret", {
      params: { path: secret },
      deferred: [{ at: "/content", value: { kind: "secret", path: "db/password" } }],
    }),
    bundleResource("file:plain", { params: { path: plain, content: "new" } }),
  ];
  await applyResources(machine, bundle, {
    snapshots,
    secrets: { get: () => ({ ok: true, secret: new Secret("hunter2") }), redact: (text) => text },
  });
  assert.equal(await Deno.readTextFile(secret), "hunter2");
  assert.deepEqual(kept, [plain]);
});

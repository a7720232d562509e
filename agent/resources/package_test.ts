import assert from "node:assert/strict";
import { TemporaryMachine } from "../../tests/support/temporary_machine.ts";
import { packageResource } from "./package.ts";

Deno.test("a package manager that has no provider is unknown", async () => {
  await using machine = await TemporaryMachine.create();
  const params = packageResource.schema.parse({ name: "nginx", provider: "dnf" });
  assert.deepEqual(await packageResource.check(params, machine.context()), {
    kind: "unknown",
    reason: "no package provider for dnf",
  });
});

Deno.test("only what is missing is named in the diff", async () => {
  await using machine = await TemporaryMachine.create();
  machine.packages.installed.set("curl", "7.0");
  const params = packageResource.schema.parse({ name: ["nginx", "curl"] });
  assert.deepEqual(await packageResource.check(params, machine.context()), {
    kind: "would_change",
    diff: "nginx: absent → 1.24.0-1",
  });
});

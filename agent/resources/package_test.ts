import assert from "node:assert/strict";
import { testResourceContract } from "../../tests/support/resource_contract.ts";
import { TemporaryMachine } from "../../tests/support/temporary_machine.ts";
import { packageResource } from "./package.ts";

testResourceContract(packageResource, [{ name: "-x" }, { name: ["a", "b"], version: "1" }], [
  {
    title: "missing packages",
    prepare: () => Promise.resolve({ name: ["nginx", "curl"] }),
    tamper: (machine) => Promise.resolve(void machine.packages.installed.delete("curl")),
  },
  {
    title: "a package to be held at a version",
    prepare: () => Promise.resolve({ name: "nginx", version: "1.22.0-1", hold: true }),
    tamper: (machine) => Promise.resolve(void machine.packages.held.clear()),
  },
  {
    title: "an old package that is to be the latest",
    prepare: (machine) => {
      machine.packages.installed.set("nginx", "1.0");
      return Promise.resolve({ name: "nginx", ensure: "latest" });
    },
    tamper: (machine) => Promise.resolve(void machine.packages.offered.set("nginx", "1.25")),
  },
  {
    title: "a package to be removed",
    prepare: (machine) => {
      machine.packages.installed.set("nginx", "1.0");
      return Promise.resolve({ name: ["nginx", "never-there"], ensure: "absent" });
    },
    tamper: (machine) => Promise.resolve(void machine.packages.installed.set("nginx", "1.0")),
  },
]);

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

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

Deno.test("what a package manager has no way to bring about is for a person to decide about", async () => {
  await using machine = await TemporaryMachine.create();
  machine.packages.cannotHold = "set IgnorePkg";
  machine.packages.cannotChooseVersion = "it has one version";
  machine.packages.installed.set("curl", "7.0");
  const reasonOf = async (params: object) => {
    const finding = await packageResource.check(
      packageResource.schema.parse(params),
      machine.context(),
    );
    return finding.kind === "unknown" ? finding.reason : finding.kind;
  };
  assert.equal(
    await reasonOf({ name: "curl", hold: true }),
    "curl cannot be held: set IgnorePkg",
  );
  assert.equal(
    await reasonOf({ name: "nginx", version: "1.0" }),
    "nginx 1.0 cannot be had, 1.24.0-1 can: it has one version",
  );
  assert.equal(await reasonOf({ name: "nginx", version: "1.24.0-1" }), "would_change");
  assert.equal(await reasonOf({ name: "curl", version: "7.0", hold: false }), "in_sync");
});

Deno.test("holds are looked at only where a resource says something of them", async () => {
  await using machine = await TemporaryMachine.create();
  const asked: boolean[] = [];
  const { packages } = machine;
  const query = packages.query.bind(packages);
  packages.query = (names, options) => {
    asked.push(options.withHolds);
    return query(names, options);
  };
  const check = (params: object) =>
    packageResource.check(packageResource.schema.parse(params), machine.context());
  packages.installed.set("curl", "7.0");
  await check({ name: "curl" });
  await check({ name: "curl", hold: false });
  assert.deepEqual(asked, [false, true]);
});

import assert from "node:assert/strict";
import { TemporaryMachine } from "../../tests/support/temporary_machine.ts";
import { service } from "./service.ts";

Deno.test("a service is restarted for a notification and left alone without one", async () => {
  await using machine = await TemporaryMachine.create();
  machine.services.units.set("nginx", { running: true, enabled: true });
  const params = service.schema.parse({ name: "nginx", state: "restarted" });
  assert.equal((await service.check(params, machine.context())).kind, "in_sync");
  const notified = machine.context({ notified: true });
  assert.equal((await service.check(params, notified)).kind, "would_change");
  assert.equal(await service.apply(params, notified), "updated");
  assert.deepEqual(machine.services.acts, ["restart nginx"]);
});

Deno.test("a reload of a service that does not run starts it", async () => {
  await using machine = await TemporaryMachine.create();
  machine.services.units.set("nginx", { running: false, enabled: true });
  const params = service.schema.parse({ name: "nginx", state: "reloaded" });
  await service.apply(params, machine.context({ notified: true }));
  assert.deepEqual(machine.services.acts, ["start nginx"]);
});

Deno.test("a service that nobody knows is stopped already, and cannot be known to run", async () => {
  await using machine = await TemporaryMachine.create();
  const check = (params: unknown) => service.check(service.schema.parse(params), machine.context());
  assert.equal((await check({ name: "ghost", state: "stopped", enabled: false })).kind, "in_sync");
  assert.equal((await check({ name: "ghost", state: "running" })).kind, "unknown");
  assert.equal((await check({ name: "ghost", enabled: true })).kind, "unknown");
});

Deno.test("a service that cannot be enabled is for a person to decide about", async () => {
  await using machine = await TemporaryMachine.create();
  machine.services.units.set("once", { running: false, enabled: undefined });
  const params = service.schema.parse({ name: "once", enabled: true });
  assert.match(JSON.stringify(await service.check(params, machine.context())), /cannot be enabled/);
});

Deno.test("a masked service is not started behind the back of who masked it", async () => {
  await using machine = await TemporaryMachine.create();
  machine.services.units.set("nginx", { running: false, enabled: false, masked: true });
  const look = (params: object) =>
    service.check(service.schema.parse({ name: "nginx", ...params }), machine.context());
  assert.match(JSON.stringify(await look({ state: "running" })), /is masked: set masked: false/);
  assert.match(JSON.stringify(await look({ enabled: true })), /is masked: set masked: false/);
  assert.equal((await look({ state: "stopped" })).kind, "in_sync");
  const released = service.schema.parse({ name: "nginx", state: "running", masked: false });
  await service.apply(released, machine.context());
  assert.deepEqual(machine.services.acts, ["unmask nginx", "start nginx"]);
});

Deno.test("a service is stopped before it is masked", async () => {
  await using machine = await TemporaryMachine.create();
  machine.services.units.set("nginx", { running: true, enabled: true });
  const params = service.schema.parse({ name: "nginx", state: "stopped", masked: true });
  await service.apply(params, machine.context());
  assert.deepEqual(machine.services.acts, ["stop nginx", "mask nginx"]);
  assert.equal((await service.check(params, machine.context())).kind, "in_sync");
});

Deno.test("a service that ends when it is done cannot be kept running", async () => {
  await using machine = await TemporaryMachine.create();
  machine.services.units.set("once", { running: false, enabled: true, cannotRun: "a oneshot" });
  const params = service.schema.parse({ name: "once", state: "running" });
  assert.deepEqual(await service.check(params, machine.context()), {
    kind: "unknown",
    reason: 'service "once" cannot be kept running: a oneshot',
  });
});

Deno.test("a mask forbids what it makes impossible, and a template is no service", () => {
  for (
    const params of [
      { name: "nginx", masked: true, state: "running" },
      { name: "nginx", masked: true, enabled: true },
      { name: "getty@", state: "running" },
      { name: "getty@.service", enabled: true },
    ]
  ) {
    assert.equal(service.schema.safeParse(params).success, false, JSON.stringify(params));
  }
});

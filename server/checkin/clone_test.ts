import assert from "node:assert/strict";
import { SimulatedFleet } from "../../tests/support/simulated_fleet.ts";
import { MemoryStore } from "../store/memory_store.ts";

Deno.test("two machines that take turns with one identity are found at the next turn after they part", async () => {
  await using server = await SimulatedFleet.start();
  using machine = await server.envoy("web-1");
  await machine.settle();
  using copy = await server.envoy("web-1", { identity: machine.identity });
  copy.cloneToken = machine.cloneToken;
  assert.equal((await machine.checkIn()).suspectedClone, false);
  assert.equal((await machine.checkIn()).suspectedClone, false);
  assert.equal((await copy.checkIn()).suspectedClone, true);
  assert.equal(server.fleet.index.list({ limit: 1 }).envoys[0]?.state, "cloned?");
  assert.equal((await server.store.envoys.find(machine.identity.uuid))?.suspectedClone, true);
});

Deno.test("a copy that checks in first is found when the original comes again", async () => {
  await using server = await SimulatedFleet.start();
  using machine = await server.envoy("web-1");
  await machine.settle();
  using copy = await server.envoy("web-1", { identity: machine.identity });
  copy.cloneToken = machine.cloneToken;
  await copy.checkIn();
  const flags = [
    (await machine.checkIn()).suspectedClone,
    (await copy.checkIn()).suspectedClone,
  ];
  assert.deepEqual(flags, [false, true]);
});

Deno.test("a lost answer, even many in a row, raises no suspicion", async () => {
  await using server = await SimulatedFleet.start();
  using envoy = await server.envoy("web-1");
  await envoy.settle();
  for (let lost = 0; lost < 3; lost++) {
    const answer = await envoy.sendCheckIn(envoy.sign("CheckIn", envoy.checkInBody()));
    assert.equal(answer.suspectedClone, false);
  }
  assert.equal((await envoy.checkIn()).suspectedClone, false);
  assert.equal((await envoy.checkIn()).suspectedClone, false);
});

Deno.test("an agent killed between answer and save presents the token before and is believed", async () => {
  await using server = await SimulatedFleet.start();
  using envoy = await server.envoy("web-1");
  await envoy.settle();
  const saved = envoy.cloneToken;
  await envoy.checkIn();
  using risen = await server.envoy("web-1", { identity: envoy.identity });
  risen.cloneToken = saved;
  assert.equal((await risen.checkIn()).suspectedClone, false);
});

Deno.test("the very first answer may be lost", async () => {
  await using server = await SimulatedFleet.start();
  using envoy = await server.envoy("web-1");
  await envoy.sendCheckIn(envoy.sign("CheckIn", envoy.checkInBody()));
  assert.equal((await envoy.checkIn()).suspectedClone, false);
});

Deno.test("a server that was killed adopts the token that it forgot issuing", async () => {
  await using first = await SimulatedFleet.start();
  using envoy = await first.envoy("web-1");
  await envoy.settle();
  await first.fleet.batcher.flush();
  await envoy.checkIn();
  await envoy.checkIn();
  // What the batcher did not write is what a kill -9 forgets.
  const uuid = envoy.identity.uuid;
  const [written] = await first.store.envoys.listObservations();
  assert.ok(written);
  const second = await first.restart();
  const state = second.fleet.index.get(uuid);
  assert.ok(state);
  state.cloneWindow = { presented: written.cloneCounter, issued: undefined };
  using again = await second.envoy("web-1", { identity: envoy.identity });
  again.cloneToken = envoy.cloneToken;
  assert.equal((await again.checkIn()).suspectedClone, false);
  await second.fleet.stop();
});

Deno.test("a server that was killed before it wrote of any check-in believes the envoy again", async () => {
  await using first = await SimulatedFleet.start();
  using envoy = await first.envoy("web-1");
  const { root, clock } = first;
  const store = new MemoryStore();
  for (const record of await first.store.envoys.list()) await store.envoys.add(record);
  await envoy.settle();
  await first.fleet.stop();

  const second = await SimulatedFleet.start({}, { root, store, clock });
  using again = await second.envoy("web-1", { identity: envoy.identity });
  again.cloneToken = envoy.cloneToken;
  assert.equal((await again.checkIn()).suspectedClone, false);
  assert.equal((await again.checkIn()).suspectedClone, false);
  await second.fleet.stop();
});

Deno.test("a snapshot restored from before a server restart is still found", async () => {
  await using first = await SimulatedFleet.start();
  using envoy = await first.envoy("web-1");
  await envoy.settle();
  const snapshot = envoy.cloneToken;
  await envoy.checkIn();
  await envoy.checkIn();
  const second = await first.restart();
  using restored = await second.envoy("web-1", { identity: envoy.identity });
  restored.cloneToken = snapshot;
  assert.equal((await restored.checkIn()).suspectedClone, true);
  await second.fleet.stop();
});

Deno.test("an accepted envoy goes on with the token that it presents next", async () => {
  await using server = await SimulatedFleet.start();
  using envoy = await server.envoy("web-1");
  await envoy.settle();
  const old = envoy.cloneToken;
  await envoy.checkIn();
  await envoy.checkIn();
  envoy.cloneToken = old;
  assert.equal((await envoy.checkIn()).suspectedClone, true);
  assert.equal((await server.fleet.envoys.accept("web-1", "local-root")).ok, true);
  assert.equal((await envoy.checkIn()).suspectedClone, false);
  assert.equal((await envoy.checkIn()).suspectedClone, false);
});

Deno.test("a token of another envoy, or forged, is taken as a clone's", async () => {
  await using server = await SimulatedFleet.start();
  using one = await server.envoy("web-1");
  using other = await server.envoy("web-2");
  await one.settle();
  await other.settle();
  one.cloneToken = other.cloneToken;
  assert.equal((await one.checkIn()).suspectedClone, true);
});

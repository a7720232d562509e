import assert from "node:assert/strict";
import { SimulatedFleet } from "../../tests/support/simulated_fleet.ts";

Deno.test("an envoy enrols, checks in, gets its documents and then hears of no change", async () => {
  await using server = await SimulatedFleet.start();
  using envoy = await server.envoy("web-1");
  const first = await envoy.checkIn();
  assert.equal(first.wantTraits, true);
  const settled = await envoy.settle();
  assert.equal(settled.noChange, true);
  assert.equal(settled.suspectedClone, false);
  assert.ok(envoy.bundle);
  assert.ok(envoy.fleetDocument);
});

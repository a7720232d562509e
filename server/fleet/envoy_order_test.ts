import assert from "node:assert/strict";
import { envoyRecord } from "../store/envoy_fixture.ts";
import { placeOfEnvoy, readEnvoyOrder } from "./envoy_order.ts";
import { FleetIndex } from "./fleet_index.ts";

const index = new FleetIndex(() => 0);
const summary = index.summarize(index.put(envoyRecord()));

Deno.test("a minus before the name turns the order round", () => {
  assert.deepEqual(readEnvoyOrder("-seen"), { by: "seen", isReversed: true });
  assert.deepEqual(readEnvoyOrder("state"), { by: "state", isReversed: false });
});

Deno.test("what is worst or longest unseen stands first, whatever it is called", () => {
  const place = (by: Parameters<typeof placeOfEnvoy>[0], changes: Partial<typeof summary>) =>
    placeOfEnvoy(
      by,
      { hostname: changes.hostname ?? "b", uuid: "u" },
      () => ({ ...summary, ...changes }),
    );
  const a = { hostname: "a" } as const;
  assert.ok(
    place("state", { convergence: "Failed" }) < place("state", { ...a, convergence: "Degraded" }),
  );
  assert.ok(
    place("state", { convergence: "NoData" }) < place("state", { ...a, convergence: "Converged" }),
  );
  assert.ok(place("drift", { drift: "Diverged" }) < place("drift", { ...a, drift: "None" }));
  assert.ok(place("policy", { policy: "unresolved" }) < place("policy", { ...a, policy: "live" }));
  assert.ok(
    place("presence", { presence: "offline" }) < place("presence", { ...a, presence: "online" }),
  );
  assert.ok(place("seen", { lastSeenMs: 9 }) < place("seen", { ...a, lastSeenMs: 10 }));
  assert.ok(place("seen", { lastSeenMs: null }) < place("seen", { ...a, lastSeenMs: 1 }));
  assert.ok(place("seen", { ...a, lastSeenMs: 5 }) < place("seen", { lastSeenMs: 5 }));
});

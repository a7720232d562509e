import assert from "node:assert/strict";
import { getLogger } from "@logtape/logtape";
import { envoyRecord } from "../store/envoy_fixture.ts";
import { MemoryStore } from "../store/memory_store.ts";
import type { EnvoyObservation, Store } from "../store/store.ts";
import { EnvoyState } from "../fleet/envoy_state.ts";
import { ObservationBatcher } from "./observation_batcher.ts";

async function seenEnvoy(store: Store): Promise<EnvoyState> {
  const record = envoyRecord({ hostname: `web-${crypto.randomUUID().slice(0, 8)}` });
  await store.envoys.add(record);
  const state = new EnvoyState(record);
  state.reported = {
    lastSeenMs: 1,
    intervalMs: 60_000,
    observedHostname: "web",
    lanAddress: "192.0.2.7",
    swarmAddress: "",
    agentVersion: "0.1.0",
    policyVersion: "",
    fingerprint: "",
    pausedReason: "",
    convergence: "NoData",
    bundleSerial: 0,
    envoySerial: 0,
    pausedUntilMs: 0,
    runSerial: 0,
    runRoot: "",
    runFinishedAtMs: 0,
    changeStreak: 0,
  };
  return state;
}

Deno.test("nothing is written at a check-in, and everything at the stop", async () => {
  const store = new MemoryStore();
  const batcher = new ObservationBatcher(store, getLogger("test"));
  const states = await Promise.all(Array.from({ length: 3 }, () => seenEnvoy(store)));
  for (const state of states) batcher.add(state);
  assert.deepEqual(await store.envoys.listObservations(), []);
  await batcher.stop();
  assert.equal((await store.envoys.listObservations()).length, 3);
});

Deno.test("what the store refused waits, with what came meanwhile, and is written when it takes it", async () => {
  const store = new MemoryStore();
  const state = await seenEnvoy(store);
  const save = store.envoys.saveObservations.bind(store.envoys);
  let isLocked = true;
  const locked: Store = Object.create(store, {
    envoys: {
      value: {
        saveObservations: (rows: readonly EnvoyObservation[]) =>
          isLocked ? Promise.reject(new Error("database is locked")) : save(rows),
      },
    },
  });
  const batcher = new ObservationBatcher(locked, getLogger("test"));
  batcher.add(state);
  await assert.rejects(batcher.flush(), /database is locked/);
  if (state.reported) state.reported.lastSeenMs = 2;
  isLocked = false;
  await batcher.stop();
  assert.equal((await store.envoys.listObservations())[0]?.lastSeenMs, 2);
});

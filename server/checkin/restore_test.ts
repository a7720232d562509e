import assert from "node:assert/strict";
import { Refusal_Reason } from "../../shared/proto/agent.ts";
import { RefusedCall } from "../../tests/support/simulated_envoy.ts";
import { SimulatedFleet } from "../../tests/support/simulated_fleet.ts";
import { MemoryStore } from "../store/memory_store.ts";
import type { Store } from "../store/store.ts";

/** What a backup of the database holds of the fleet. */
async function backUp(store: Store): Promise<Store> {
  const copy = new MemoryStore();
  for (const envoy of await store.envoys.list()) {
    await copy.envoys.add(envoy);
    for (const certificate of await store.certificates.listByEnvoy(envoy.uuid)) {
      await copy.certificates.add(certificate);
    }
    const name = `envoy_document:${envoy.uuid}`;
    const document = await store.facts.get(name);
    if (document) await copy.facts.set(name, document);
  }
  const document = await store.facts.get("fleet_document");
  if (document) await copy.facts.set("fleet_document", document);
  await copy.envoys.saveObservations(await store.envoys.listObservations());
  return copy;
}

Deno.test("a server restored from before an enrolment, a revocation and a publish learns all three from its envoys", async () => {
  await using first = await SimulatedFleet.start();
  using witness = await first.envoy("witness");
  using lost = await first.envoy("lost");
  await witness.settle();
  await lost.settle();
  await first.fleet.batcher.flush();
  const backup = await backUp(first.store);
  using late = await first.envoy("late");
  await late.settle();
  await first.fleet.envoys.revoke("lost", "stolen", "local-root");
  first.resolver.policyVersion = "version-2";
  first.resolver.resources = [];
  await witness.settle();
  const serial = first.fleet.fleetDocuments.serial;
  const bundleSerial = witness.bundle?.serial ?? 0;
  await first.fleet.stop();

  // A clock that fell behind must not make serials fall.
  const clock = { offsetMs: first.clock.offsetMs };
  const second = await SimulatedFleet.start({}, { root: first.root, store: backup, clock });
  assert.equal(second.fleet.index.find("late"), undefined);
  using witnessAgain = await second.envoy("witness", { identity: witness.identity });
  Object.assign(witnessAgain, {
    cloneToken: witness.cloneToken,
    bundle: witness.bundle,
    fleetSerial: witness.fleetSerial,
    envoySerial: witness.envoySerial,
    fleetDocument: witness.fleetDocument,
  });
  const asked = await witnessAgain.checkIn();
  assert.equal(asked.wantFleetDocument, true);
  assert.equal(asked.suspectedClone, false);
  await witnessAgain.checkIn({ heldFleetDocument: witnessAgain.fleetDocument });
  assert.ok(second.fleet.fleetDocuments.serial > serial);
  assert.equal(second.fleet.index.get(lost.identity.uuid)?.record.state, "revoked");
  await witnessAgain.checkIn({ force: true });
  assert.ok((witnessAgain.bundle?.serial ?? 0) > bundleSerial);

  using lateAgain = await second.envoy("late", { identity: late.identity });
  Object.assign(lateAgain, { cloneToken: late.cloneToken, fleetSerial: late.fleetSerial });
  const adopted = await lateAgain.checkIn();
  assert.equal(adopted.suspectedClone, false);
  assert.equal(second.fleet.index.find("late")?.record.uuid, late.identity.uuid);
  const actions = (await second.store.audit.list({ limit: 50 })).map(({ action }) => action);
  assert.ok(actions.includes("envoy.readopt"));

  using lostAgain = await second.envoy("lost", { identity: lost.identity });
  await assert.rejects(
    lostAgain.checkIn(),
    (error) => error instanceof RefusedCall && error.reason === Refusal_Reason.REVOKED,
  );
  await second.fleet.stop();
});

Deno.test("an envoy that an earlier life of the server revoked is not re-adopted", async () => {
  await using first = await SimulatedFleet.start();
  using witness = await first.envoy("witness");
  await witness.settle();
  await first.fleet.batcher.flush();
  const backup = await backUp(first.store);
  const lost = await first.enrol("lost");
  await first.fleet.envoys.revoke("lost", "", "local-root");
  await witness.settle();
  await first.fleet.stop();
  const second = await SimulatedFleet.start({}, {
    root: first.root,
    store: backup,
    clock: first.clock,
  });
  using again = await second.envoy("witness", { identity: witness.identity });
  Object.assign(again, { cloneToken: witness.cloneToken, fleetSerial: witness.fleetSerial });
  await again.checkIn({ heldFleetDocument: witness.fleetDocument });
  using lostAgain = await second.envoy("lost", { identity: lost });
  await assert.rejects(
    lostAgain.checkIn(),
    (error) => error instanceof RefusedCall && error.reason === Refusal_Reason.REVOKED,
  );
  await second.fleet.stop();
});

Deno.test("a fleet document that this server never signed is not believed, whatever its serial", async () => {
  await using server = await SimulatedFleet.start();
  using envoy = await server.envoy("web-1");
  await envoy.settle();
  const { serial } = server.fleet.fleetDocuments;
  const { fleetDocument } = envoy;
  assert.ok(fleetDocument);
  const payload = fleetDocument.payload.toString().replace(
    `"serial":${serial}`,
    `"serial":${serial + 9}`,
  );
  const forged = { ...fleetDocument, payload: new TextEncoder().encode(payload) };
  const answer = await envoy.checkIn({
    fleetSerial: serial + 9,
    // Bytes are bytes to the encoder.
    heldFleetDocument: forged as typeof fleetDocument,
  });
  assert.equal(server.fleet.fleetDocuments.serial, serial);
  assert.ok(answer.fleetDocument);
});

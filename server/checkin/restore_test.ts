import assert from "node:assert/strict";
import { Refusal_Reason } from "../../shared/proto/agent.ts";
import { RefusedCall, type SimulatedEnvoy } from "../../tests/support/simulated_envoy.ts";
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
  for (const name of ["fleet_document", "fleet_document_serials", "adopted_revocations"]) {
    const fact = await store.facts.get(name);
    if (fact) await copy.facts.set(name, fact);
  }
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

/** What an agent keeps over a restart of its server. */
function carryOver(envoy: SimulatedEnvoy, from: SimulatedEnvoy): void {
  const { cloneToken, bundle, fleetSerial, envoySerial, fleetDocument } = from;
  Object.assign(envoy, { cloneToken, bundle, fleetSerial, envoySerial, fleetDocument });
}

/** Checks in as an agent does, which shows its fleet document if it is asked to. */
async function contact(envoy: SimulatedEnvoy): Promise<{ wasAsked: boolean }> {
  const { wantFleetDocument } = await envoy.checkIn();
  if (wantFleetDocument) await envoy.checkIn({ heldFleetDocument: envoy.fleetDocument });
  return { wasAsked: wantFleetDocument };
}

/**
 * A fleet backed up at S0. Then "other" is revoked, which makes S1, and "evil" sees it; then "evil" is revoked, which makes
 * S2, and "witness" alone sees it. `bystander` stays at S1. The server is restored from S0.
 */
async function restored(
  work: (rig: {
    readonly server: SimulatedFleet;
    readonly evil: SimulatedEnvoy;
    readonly witness: SimulatedEnvoy;
    readonly bystander: SimulatedEnvoy;
    readonly lostSerial: number;
  }) => Promise<void>,
  clockFallsMs = 0,
): Promise<void> {
  await using first = await SimulatedFleet.start();
  first.clock.offsetMs = clockFallsMs;
  const names = ["evil", "witness", "bystander", "other"] as const;
  const before = new Map<string, SimulatedEnvoy>();
  for (const name of names) {
    const envoy = await first.envoy(name);
    await envoy.settle();
    before.set(name, envoy);
  }
  await first.fleet.batcher.flush();
  const backup = await backUp(first.store);
  await first.fleet.envoys.revoke("other", "decommissioned", "local-root");
  await before.get("evil")?.settle();
  await before.get("bystander")?.settle();
  await first.fleet.envoys.revoke("evil", "stolen", "local-root");
  await before.get("witness")?.settle();
  const lostSerial = first.fleet.fleetDocuments.serial;
  await first.fleet.stop();
  const { root } = first;
  const clock = { offsetMs: 0 };
  const server = await SimulatedFleet.start({}, { root, store: backup, clock });
  const again = async (name: typeof names[number]) => {
    const old = before.get(name);
    assert.ok(old);
    const envoy = await server.envoy(name, { identity: old.identity });
    carryOver(envoy, old);
    old[Symbol.dispose]();
    return envoy;
  };
  using evil = await again("evil");
  using witness = await again("witness");
  using bystander = await again("bystander");
  await work({ server, evil, witness, bystander, lostSerial });
  before.get("other")?.[Symbol.dispose]();
  await server.fleet.stop();
}

async function assertRevoked(server: SimulatedFleet, envoy: SimulatedEnvoy): Promise<void> {
  const { fleet } = server;
  assert.equal(fleet.index.get(envoy.identity.uuid)?.record.state, "revoked");
  assert.ok(fleet.fleetDocuments.current.value.revokedEnvoys.includes(envoy.identity.uuid));
  await assert.rejects(
    envoy.checkIn(),
    (error) => error instanceof RefusedCall && error.reason === Refusal_Reason.REVOKED,
  );
}

Deno.test("after a restore a revoked envoy that comes first cannot hide its revocation", async () => {
  await restored(async ({ server, evil, witness, lostSerial }) => {
    assert.equal((await contact(evil)).wasAsked, true);
    assert.ok(evil.fleetSerial > witness.fleetSerial);
    assert.equal((await contact(witness)).wasAsked, true);
    assert.ok(witness.fleetSerial > lostSerial);
    await assertRevoked(server, evil);
  });
});

Deno.test("after a restore the holder of an older lost document may come first", async () => {
  await restored(async ({ server, evil, witness, bystander }) => {
    await contact(bystander);
    const { serial } = server.fleet.fleetDocuments;
    await contact(witness);
    assert.ok(server.fleet.fleetDocuments.serial > serial);
    await assertRevoked(server, evil);
    assert.equal(witness.fleetSerial, server.fleet.fleetDocuments.serial);
    // Nothing is left to learn: neither from the current document nor from the one that was shown before.
    assert.equal((await contact(witness)).wasAsked, false);
  });
});

Deno.test("after a restore a server that signed documents before the first contact still asks for the lost ones", async () => {
  await restored(async ({ server, evil, witness, lostSerial }) => {
    const extra = await server.enrol("extra");
    await server.fleet.envoys.revoke("extra", "", "local-root");
    assert.ok(server.fleet.fleetDocuments.serial > lostSerial);
    assert.equal((await contact(witness)).wasAsked, true);
    await assertRevoked(server, evil);
    const { revokedEnvoys } = server.fleet.fleetDocuments.current.value;
    assert.ok(revokedEnvoys.includes(extra.uuid));
  });
});

Deno.test("after a restore under a clock that fell behind, what is current is above what was shown", async () => {
  await restored(async ({ server, witness, lostSerial }) => {
    assert.equal((await contact(witness)).wasAsked, true);
    assert.ok(server.fleet.fleetDocuments.serial > lostSerial);
    assert.ok(witness.fleetSerial > lostSerial);
  }, 600_000);
});

Deno.test("a document above a lost one is signed even if both revoke the same", async () => {
  await restored(async ({ server, witness, evil, lostSerial }) => {
    await server.fleet.envoys.revoke("evil", "", "local-root");
    await server.fleet.envoys.revoke("other", "", "local-root");
    assert.ok(server.fleet.fleetDocuments.serial < lostSerial);
    await contact(witness);
    assert.ok(server.fleet.fleetDocuments.serial > lostSerial);
    await assertRevoked(server, evil);
  }, 600_000);
});

Deno.test("what was taken over is asked for only once, also after a restart", async () => {
  await restored(async ({ server, evil, bystander }) => {
    const held = { fleetSerial: evil.fleetSerial, fleetDocument: evil.fleetDocument };
    await contact(evil);
    const second = await server.restart();
    using again = await second.envoy("bystander", { identity: bystander.identity });
    carryOver(again, bystander);
    assert.equal(again.fleetSerial, held.fleetSerial);
    assert.equal((await contact(again)).wasAsked, false);
    await second.fleet.stop();
  });
});

Deno.test("after a restore a new document goes down no stream before its holder was asked for the lost one", async () => {
  await restored(async ({ server, witness, bystander }) => {
    const unasked = await witness.openStream();
    await contact(bystander);
    const asked = await bystander.openStream();
    await server.enrol("extra");
    await server.fleet.envoys.revoke("extra", "", "local-root");
    await asked.next(({ fleetDocument }) => fleetDocument !== undefined);
    server.fleet.streams.send(witness.identity.uuid, { push: { reason: "", force: false } });
    const first = await unasked.next(({ welcome }) => welcome === undefined);
    assert.ok(first.push);
    assert.equal(first.fleetDocument, undefined);
  });
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

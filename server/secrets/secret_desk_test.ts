import assert from "node:assert/strict";
import { status } from "@grpc/grpc-js";
import { Secret } from "../../shared/crypto/secret.ts";
import { Refusal_Reason } from "../../shared/proto/agent.ts";
import { withSecret } from "../../tests/support/resource_with_secret.ts";
import { RefusedCall, type SimulatedEnvoy } from "../../tests/support/simulated_envoy.ts";
import { SimulatedFleet } from "../../tests/support/simulated_fleet.ts";
import { MAX_PATHS_PER_CALL } from "./secret_desk.ts";

const ROOT = { name: "local-root" };

async function refusal(call: Promise<unknown>): Promise<RefusedCall> {
  try {
    await call;
  } catch (error) {
    if (error instanceof RefusedCall) return error;
    throw error;
  }
  throw new assert.AssertionError({ message: "the call was answered" });
}

async function keep(server: SimulatedFleet, path: string, value: string): Promise<void> {
  const kept = await server.fleet.vault.set(path, { value: new Secret(value) }, ROOT);
  assert.ok(kept.ok);
}

async function valuesOf(envoy: SimulatedEnvoy, ...paths: string[]): Promise<string[]> {
  const { secrets } = await envoy.resolveSecrets(paths);
  return secrets.map(({ value, missing }) => missing ? "(missing)" : value.toString());
}

/** Denials in the audit log, the newest first. */
async function denials(server: SimulatedFleet) {
  const records = await server.store.audit.list({ limit: 1000 });
  return records.filter(({ action }) => action === "secret.denied");
}

Deno.test("an envoy resolves the secrets of its own policy, and hears which do not exist", async () => {
  await using server = await SimulatedFleet.start();
  server.resolver.resources = [withSecret("db/password"), withSecret("db/user")];
  await keep(server, "db/password", "hunter2");
  using envoy = await server.envoy("web-1");
  await envoy.settle({ secretEpoch: server.fleet.vault.epoch });
  assert.deepEqual(await valuesOf(envoy, "db/password", "db/user"), ["hunter2", "(missing)"]);
  const { epoch } = await envoy.resolveSecrets(["db/password"]);
  assert.equal(epoch, server.fleet.vault.epoch);
  assert.equal(server.fleet.secrets.counts.resolved, 2);
});

Deno.test("any other path is denied, whatever else the request names, and audited", async () => {
  await using server = await SimulatedFleet.start();
  server.resolver.resources = [withSecret("db/password")];
  await keep(server, "db/password", "hunter2");
  await keep(server, "db/admin", "top");
  using envoy = await server.envoy("web-1");
  await envoy.settle({ secretEpoch: server.fleet.vault.epoch });
  for (const path of ["db/admin", "never/was"]) {
    const refused = await refusal(envoy.resolveSecrets(["db/password", path]));
    assert.equal(refused.reason, Refusal_Reason.DENIED);
    assert.equal(refused.code, status.PERMISSION_DENIED);
  }
  const [last, first] = await denials(server);
  assert.deepEqual([first?.payload["paths"], last?.payload["paths"]], [["db/admin"], [
    "never/was",
  ]]);
  assert.equal(first?.principal, `envoy:${envoy.identity.uuid}`);
});

Deno.test("a machine that asks again and again cannot fill the audit log", async () => {
  await using server = await SimulatedFleet.start();
  using envoy = await server.envoy("web-1");
  await envoy.settle();
  for (let turn = 0; turn < 20; turn += 1) {
    assert.equal((await refusal(envoy.resolveSecrets(["a"]))).reason, Refusal_Reason.DENIED);
  }
  assert.equal((await denials(server)).length, 3);
  server.clock.offsetMs += 600_000;
  await refusal(envoy.resolveSecrets(["a"]));
  const [newest] = await denials(server);
  assert.equal(newest?.payload["unrecorded"], 17);
});

Deno.test("what an envoy may ask for outlives a restart, and follows what is published", async () => {
  await using first = await SimulatedFleet.start();
  first.resolver.resources = [withSecret("db/password")];
  await keep(first, "db/password", "hunter2");
  await keep(first, "db/next", "hunter3");
  const identity = await first.enrol("web-1");
  using before = await first.envoy("web-1", { identity });
  await before.settle({ secretEpoch: first.fleet.vault.epoch });
  await using server = await first.restart();
  server.resolver.resources = [withSecret("db/password")];
  using envoy = await server.envoy("web-1", { identity });
  envoy.cloneToken = before.cloneToken;
  assert.deepEqual(await valuesOf(envoy, "db/password"), ["hunter2"]);
  assert.equal((await refusal(envoy.resolveSecrets(["db/next"]))).reason, Refusal_Reason.DENIED);
  await envoy.settle({ secretEpoch: server.fleet.vault.epoch });
  server.resolver.policyVersion = "version-2";
  server.resolver.resources = [withSecret("db/next")];
  const recorded = (await denials(server)).length;
  const early = await refusal(envoy.resolveSecrets(["db/password"]));
  assert.equal(early.reason, Refusal_Reason.UNSPECIFIED);
  assert.match(early.message, /check in first/);
  await envoy.settle({ secretEpoch: server.fleet.vault.epoch });
  assert.equal(
    (await refusal(envoy.resolveSecrets(["db/password"]))).reason,
    Refusal_Reason.DENIED,
  );
  assert.equal((await denials(server)).length, recorded + 1, "being late is no offence");
  assert.deepEqual(await valuesOf(envoy, "db/next"), ["hunter3"]);
});

Deno.test("neither a suspected clone nor a revoked envoy gets secrets", async () => {
  await using server = await SimulatedFleet.start();
  server.resolver.resources = [withSecret("db/password")];
  await keep(server, "db/password", "hunter2");
  using envoy = await server.envoy("web-1");
  await envoy.settle({ secretEpoch: server.fleet.vault.epoch });
  const state = server.fleet.index.find("web-1");
  assert.ok(state);
  await server.fleet.envoys.suspect(state);
  assert.equal(
    (await refusal(envoy.resolveSecrets(["db/password"]))).reason,
    Refusal_Reason.DENIED,
  );
  assert.equal((await denials(server))[0]?.payload["reason"], "suspected clone");
  await server.fleet.envoys.accept("web-1", "local-root");
  assert.deepEqual(await valuesOf(envoy, "db/password"), ["hunter2"]);
  await server.fleet.envoys.revoke("web-1", "", "local-root");
  assert.equal(
    (await refusal(envoy.resolveSecrets(["db/password"]))).reason,
    Refusal_Reason.REVOKED,
  );
});

Deno.test("a request that names nothing, too much, twice or no path is malformed", async () => {
  await using server = await SimulatedFleet.start();
  using envoy = await server.envoy("web-1");
  await envoy.settle();
  const many = Array.from({ length: MAX_PATHS_PER_CALL + 1 }, (_, index) => `p${index}`);
  for (const paths of [[], many, ["a", "a"], ["../master.key"], ["a".repeat(256)], ["a\nb"]]) {
    const refused = await refusal(envoy.resolveSecrets(paths));
    assert.equal(refused.reason, Refusal_Reason.MALFORMED, JSON.stringify(paths));
  }
  assert.equal((await denials(server)).length, 0);
});

Deno.test("an envoy that asks without end is told to wait, and another one is not", async () => {
  await using server = await SimulatedFleet.start();
  server.resolver.resources = [withSecret("db/password")];
  await keep(server, "db/password", "hunter2");
  using envoy = await server.envoy("web-1");
  using other = await server.envoy("web-2");
  for (const one of [envoy, other]) await one.settle({ secretEpoch: server.fleet.vault.epoch });
  for (let turn = 0; turn < 40; turn += 1) await envoy.resolveSecrets(["db/password"]);
  const refused = await refusal(envoy.resolveSecrets(["db/password"]));
  assert.equal(refused.code, status.RESOURCE_EXHAUSTED);
  assert.deepEqual(await valuesOf(other, "db/password"), ["hunter2"]);
  server.clock.offsetMs += 2_000;
  assert.deepEqual(await valuesOf(envoy, "db/password"), ["hunter2"]);
});

Deno.test("a secret that cannot be read is left out, and the others come", async () => {
  await using server = await SimulatedFleet.start();
  server.resolver.resources = [withSecret("broken"), withSecret("whole")];
  await keep(server, "broken", "hunter2");
  const folder = server.root.join("secrets/values");
  for await (const { name } of Deno.readDir(folder)) {
    await Deno.writeTextFile(`${folder}/${name}`, "{}");
  }
  await keep(server, "whole", "hunter3");
  using envoy = await server.envoy("web-1");
  await envoy.settle({ secretEpoch: server.fleet.vault.epoch });
  const { secrets } = await envoy.resolveSecrets(["broken", "whole"]);
  assert.deepEqual(secrets.map(({ path }) => path), ["whole"]);
});

Deno.test("a changed secret reaches those whose policy names it at once, and the others' check-ins say so", async () => {
  await using server = await SimulatedFleet.start();
  server.resolver.resources = [withSecret("db/password")];
  await keep(server, "db/password", "hunter2");
  using envoy = await server.envoy("web-1");
  const secretEpoch = server.fleet.vault.epoch;
  await envoy.settle({ secretEpoch });
  assert.equal((await envoy.checkIn({ secretEpoch })).noChange, true);
  const stream = await envoy.openStream();
  await keep(server, "db/other", "unrelated");
  await keep(server, "db/password", "hunter3");
  const { push } = await stream.next((message) => message.push !== undefined);
  assert.match(push?.reason ?? "", /secret/);
  const answer = await envoy.checkIn({ secretEpoch });
  assert.equal(answer.noChange, false);
  assert.equal(answer.bundle, undefined, "the policy itself is what it was");
  assert.equal(answer.secretEpoch, server.fleet.vault.epoch);
  assert.deepEqual(await valuesOf(envoy, "db/password"), ["hunter3"]);
  assert.equal((await envoy.checkIn({ secretEpoch: answer.secretEpoch })).noChange, true);
});

Deno.test("the epoch rises with each change, outlives a restart, and no bundle or record holds a value", async () => {
  await using first = await SimulatedFleet.start();
  first.resolver.resources = [withSecret("db/password")];
  const { vault } = first.fleet;
  const epochs = [vault.epoch];
  for (const value of ["hunter2-one", "hunter2-two"]) {
    await keep(first, "db/password", value);
    epochs.push(vault.epoch);
  }
  await vault.delete("db/password", ROOT);
  epochs.push(vault.epoch);
  assert.deepEqual([...epochs].sort((a, b) => a - b), epochs);
  assert.equal(new Set(epochs).size, 4);
  using envoy = await first.envoy("web-1");
  await envoy.settle({ secretEpoch: vault.epoch });
  assert.doesNotMatch(JSON.stringify(envoy.bundle), /hunter2/);
  const records = await first.store.audit.list({ limit: 100 });
  assert.doesNotMatch(JSON.stringify(records), /hunter2/);
  await using server = await first.restart();
  assert.equal(server.fleet.vault.epoch, epochs.at(-1));
});

import assert from "node:assert/strict";
import { Secret } from "../../shared/crypto/secret.ts";
import { puddleCollector } from "../traits/puddle.ts";
import { nativeSystem } from "../traits/native_system.ts";
import { rootPaths } from "../../shared/platform/root_paths.ts";
import { parseDelegations } from "../../shared/puddle/parse_delegations.ts";
import { fakeLog } from "../runtime/fake_log.ts";
import { serveScan } from "../user_scan/serve_scan.ts";
import { ScanError } from "../user_scan/user_scans.ts";
import { TemporaryRoot } from "../../tests/support/temporary_root.ts";
import { CHEAP_COST } from "../puddle/cheap_cost.ts";
import { claimName, createIdentity, openIdentity, rekey } from "../puddle/puddle_identity.ts";
import { puddlePaths } from "../puddle/puddle_paths.ts";
import { PuddleSession } from "../puddle/puddle_session.ts";
import { PuddleWatch, readKnownPuddles } from "./puddle_watch.ts";
import { loadSeed } from "../puddle/seed_signer.ts";
import { SessionHelper } from "../puddle/session_helper.ts";
import { sessionPlace } from "../puddle/session_place.ts";

const passphrase = new Secret("correct horse");

interface Machine {
  readonly watch: PuddleWatch;
  readonly home: string;
  readonly path: string;
  readonly granted: Set<string>;
  readonly evicted: string[];
  readonly scanned: string[];
  readonly clock: { nowMs: number };
  changes: number;
  fails: boolean;
}

async function withMachine(test: (machine: Machine) => Promise<void>): Promise<void> {
  await using root = await TemporaryRoot.create();
  const home = root.join("mara");
  await Deno.mkdir(home);
  const path = root.join("puddles.json");
  const machine = {
    home,
    path,
    granted: new Set(["mara"]),
    evicted: [] as string[],
    scanned: [] as string[],
    clock: { nowMs: 0 },
    changes: 0,
    fails: false,
  };
  const user = { name: "mara", uid: Deno.uid() ?? 0, gid: Deno.gid() ?? 0, home };
  const watch = new PuddleWatch({
    scans: {
      run: (_user, request, onLine) => {
        machine.scanned.push(request.kind);
        if (machine.fails) return Promise.reject(new ScanError("the home is away"));
        return serveScan(JSON.stringify(request), async (line) => void await onLine(line));
      },
    },
    users: {
      names: () => Promise.resolve([...machine.granted]),
      find: (name) => Promise.resolve(name === "mara" ? user : undefined),
    },
    path,
    log: fakeLog(),
    nowMs: () => machine.clock.nowMs,
    evicted: () => machine.evicted,
    onChange: () => void (machine.changes += 1),
    signal: new AbortController().signal,
  });
  await test(Object.assign(machine, { watch }));
}

async function startSession(home: string): Promise<SessionHelper> {
  return await SessionHelper.listen({
    home,
    place: sessionPlace(home, {}),
    signer: loadSeed(await openIdentity(home, passphrase)),
    idleMs: 60_000,
    nowMs: () => 1,
    signal: new AbortController().signal,
  });
}

function isThere(path: string): Promise<boolean> {
  return Deno.lstat(path).then(() => true, () => false);
}

Deno.test("what homes say of puddles is told in a trait", () =>
  withMachine(async ({ watch, home, path }) => {
    const key = await createIdentity(home, passphrase, CHEAP_COST);
    const claim = await claimName(home, passphrase, { name: "mara", nowMs: 5 });
    await watch.lookAtAll();
    const system = nativeSystem(rootPaths("/"));
    const trait = await puddleCollector(path).collect(system, new AbortController().signal);
    assert.deepEqual(trait, {
      mara: {
        pubkey: key,
        initialised: true,
        unlocked: false,
        pair_pending: false,
        name_claim: claim,
        retired_keys: [],
        delegations: [],
      },
    });
    assert.equal(((await Deno.stat(path)).mode ?? 0) & 0o777, 0o644);
  }));

Deno.test("after a new key the trait has what proves which one was replaced", () =>
  withMachine(async ({ watch, home, path }) => {
    await createIdentity(home, passphrase, CHEAP_COST);
    const { oldKey, newKey } = await rekey(home, passphrase, {
      nowMs: 5,
      readHeads: () => Promise.resolve([]),
      cost: CHEAP_COST,
    });
    await watch.lookAtAll();
    const system = nativeSystem(rootPaths("/"));
    const trait = await puddleCollector(path).collect(system, new AbortController().signal);
    const { mara: { pubkey, retired_keys, delegations } } = Object(trait);
    assert.deepEqual([pubkey, retired_keys], [newKey, [oldKey]]);
    assert.deepEqual(
      parseDelegations(delegations).map((one) => [one.oldKey, one.newKey]),
      [[oldKey, newKey]],
    );
  }));

Deno.test("a session shows as unlocked while it answers, and an offer while it stands", () =>
  withMachine(async ({ watch, home, path }) => {
    await createIdentity(home, passphrase, CHEAP_COST);
    const helper = await startSession(home);
    const untilMs = Date.now() + 60_000;
    const pending = puddlePaths(home).pairPending;
    await Deno.writeTextFile(pending, JSON.stringify({ untilMs }), { mode: 0o600 });
    await watch.note("mara");
    const facts = (await readKnownPuddles(path))["mara"];
    assert.equal(facts?.unlocked, true);
    assert.equal(facts?.pairPendingUntilMs, untilMs);
    await (await PuddleSession.connect(home, {})).lock();
    await helper.ended;
    // As a helper that was killed leaves it.
    await Deno.writeTextFile(puddlePaths(home).unlocked, JSON.stringify({ socket: "/none/x" }), {
      mode: 0o600,
    });
    await Deno.writeTextFile(pending, JSON.stringify({ untilMs: 1 }), { mode: 0o600 });
    await watch.note("mara");
    const later = (await readKnownPuddles(path))["mara"];
    assert.equal(later?.unlocked, false);
    assert.equal(later?.pairPendingUntilMs, null);
  }));

Deno.test("a puddle goes with its grant, and its session with it", () =>
  withMachine(async ({ watch, home, path, granted }) => {
    await createIdentity(home, passphrase, CHEAP_COST);
    await watch.lookAtAll();
    const helper = await startSession(home);
    granted.clear();
    await watch.lookAtAll();
    await helper.ended;
    assert.equal(await isThere(puddlePaths(home).folder), false);
    assert.deepEqual(await readKnownPuddles(path), {});
  }));

Deno.test("an evicted key is removed, another one of that user is not", () =>
  withMachine(async ({ watch, home, path, evicted }) => {
    const key = await createIdentity(home, passphrase, CHEAP_COST);
    await watch.lookAtAll();
    evicted.push("0".repeat(64));
    await watch.lookAtAll();
    assert.ok(await isThere(puddlePaths(home).wrapped));
    evicted.push(key);
    await watch.lookAtAll();
    assert.equal(await isThere(puddlePaths(home).folder), false);
    assert.deepEqual(await readKnownPuddles(path), {});
    // Whoever puts it there again loses it again.
    await createIdentity(home, passphrase, CHEAP_COST);
    const again = (await Deno.readTextFile(puddlePaths(home).publicKey)).trim();
    evicted.push(again);
    await watch.note("mara");
    assert.equal(await isThere(puddlePaths(home).folder), false);
  }));

Deno.test("a home that cannot be looked into keeps what was known, and is tried again", () =>
  withMachine(async (machine) => {
    const { watch, home, path, granted } = machine;
    await createIdentity(home, passphrase, CHEAP_COST);
    await watch.lookAtAll();
    machine.fails = true;
    granted.clear();
    await watch.lookAtAll();
    assert.ok((await readKnownPuddles(path))["mara"]);
    machine.fails = false;
    await watch.lookAtAll();
    assert.deepEqual(await readKnownPuddles(path), {});
  }));

Deno.test("homes are looked into when something was heard of them, else every ten minutes", () =>
  withMachine(async ({ watch, scanned, clock }) => {
    for (let cycle = 0; cycle < 5; cycle += 1) await watch.lookAtAll();
    assert.equal(scanned.length, 1);
    await watch.note("mara");
    await watch.note("stranger");
    assert.equal(scanned.length, 2);
    clock.nowMs = 10 * 60_000;
    await watch.lookAtAll();
    assert.equal(scanned.length, 3);
  }));

Deno.test("what is told changes only when something did", () =>
  withMachine(async (machine) => {
    await createIdentity(machine.home, passphrase, CHEAP_COST);
    await machine.watch.note("mara");
    await machine.watch.note("mara");
    assert.equal(machine.changes, 1);
  }));

Deno.test("a damaged file of what was known is as good as none", async () => {
  await using root = await TemporaryRoot.create();
  for (const text of ["", "{", '{"schema":2}', '{"schema":1,"users":{"mara":{}}}']) {
    await Deno.writeTextFile(root.join("p.json"), text);
    assert.deepEqual(await readKnownPuddles(root.join("p.json")), {});
  }
});

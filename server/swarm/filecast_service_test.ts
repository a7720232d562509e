import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { getLogger } from "@logtape/logtape";
import { fleetDocument } from "../../shared/config/document_fixture.ts";
import { generateEd25519 } from "../../shared/crypto/ed25519.ts";
import { sha256Hex } from "../../shared/crypto/sha256.ts";
import type { ManifestEntry } from "../../shared/swarm/manifest_entry.ts";
import { SimulatedFleet } from "../../tests/support/simulated_fleet.ts";
import { eventually } from "../../tests/support/eventually.ts";
import { envoyRecord } from "../store/envoy_fixture.ts";
import { MemoryStore } from "../store/memory_store.ts";
import { EnvoyState } from "../fleet/envoy_state.ts";
import { ManifestStore } from "./manifest_store.ts";
import { swarmSectionSchema } from "../config/swarm_section.ts";
import {
  connected,
  CONTENT,
  entryOf,
  progressOf,
  QUERY,
} from "../../tests/support/filecast_fixture.ts";

function stream(content: Uint8Array = CONTENT): ReadableStream<Uint8Array> {
  return new Blob([new Uint8Array(content)]).stream();
}

Deno.test("a cast lands in the seed folder with its manifest last, and shows every target as pending", async () => {
  await using server = await SimulatedFleet.start();
  using _origin = await connected(server, "vigo-1");
  using _target = await connected(server, "web-1");
  const cast = await server.fleet.filecasts.distribute(QUERY, stream(), "local-root");
  assert.ok(cast.ok);
  assert.deepEqual(cast.value.targets, ["web-1"]);
  assert.equal(cast.value.sha256, sha256Hex(CONTENT));
  assert.deepEqual(await Deno.readFile(server.root.join("seed/app.tar.gz")), CONTENT);
  const manifest = await Deno.readTextFile(server.root.join("seed/app.tar.gz.swarm"));
  assert.deepEqual(JSON.parse(manifest), { target: "web-*", retention: "7d" });
  const shown = server.fleet.filecasts.show(cast.value.sha256.slice(0, 12));
  assert.ok(shown.ok);
  assert.deepEqual(shown.value.hosts.map(({ hostname, status }) => [hostname, status]), [
    ["web-1", "pending"],
  ]);
  const names = (await Array.fromAsync(Deno.readDir(server.root.join("seed")))).map(({ name }) =>
    name
  );
  assert.deepEqual(names.sort(), ["app.tar.gz", "app.tar.gz.swarm"]);
});

Deno.test("a cast is refused before a byte is read: origin offline, bad label, target or retention, full disk", async () => {
  await using server = await SimulatedFleet.start({
    freeSpace: () => Promise.resolve({ freeBytes: 2 ** 30, freePercent: 50 }),
  });
  let read = 0;
  const body = () =>
    new ReadableStream<Uint8Array>({
      pull: (controller) => {
        read += 1;
        controller.close();
      },
    }, { highWaterMark: 0 });
  const distribute = (changes: Partial<typeof QUERY>) =>
    server.fleet.filecasts.distribute({ ...QUERY, ...changes }, body(), "local-root");
  const unenrolled = await distribute({});
  assert.match(unenrolled.ok ? "" : unenrolled.message, /is not enrolled/);
  await server.enrol("vigo-1");
  const offline = await distribute({});
  assert.deepEqual(!offline.ok && offline.status, 503);
  using again = await server.envoy("vigo-1", {
    identity: await server.enrol("vigo-1", { replace: true }),
  });
  await again.openStream();
  for (const label of ["a/b", ".hidden", "x.swarm", "", "a\u0000b", "é".repeat(125)]) {
    const refused = await distribute({ label });
    assert.equal(!refused.ok && refused.status, 400, JSON.stringify(label));
  }
  assert.equal((await distribute({ target: "web-*,," })).ok, false);
  assert.equal((await distribute({ retention: "soon" })).ok, false);
  const full = await distribute({ sizeBytes: 2 ** 30, target: "*" });
  assert.equal(!full.ok && full.status, 507);
  assert.equal(read, 0);
});

Deno.test("a body that is longer or shorter than announced leaves nothing behind", async () => {
  await using server = await SimulatedFleet.start();
  using _origin = await connected(server, "vigo-1");
  for (const sizeBytes of [CONTENT.length - 1, CONTENT.length + 1]) {
    const cast = await server.fleet.filecasts.distribute(
      { ...QUERY, target: "*", sizeBytes },
      stream(),
      "local-root",
    );
    assert.match(cast.ok ? "" : cast.message, /announced/);
  }
  assert.deepEqual(await Array.fromAsync(Deno.readDir(server.root.join("seed"))), []);
});

Deno.test("a label may be as long as the name of its manifest allows", async () => {
  await using server = await SimulatedFleet.start();
  using _origin = await connected(server, "vigo-1");
  const label = "x".repeat(249);
  const cast = await server.fleet.filecasts.distribute(
    { ...QUERY, target: "*", label },
    stream(),
    "local-root",
  );
  assert.equal(cast.ok && cast.value.label, label);
});

Deno.test("an upload is not read any further once it is longer than announced", async () => {
  await using server = await SimulatedFleet.start();
  using _origin = await connected(server, "vigo-1");
  let pulls = 0;
  const endless = new ReadableStream<Uint8Array>({
    pull: (controller) => {
      pulls += 1;
      if (pulls > 100) controller.close();
      else controller.enqueue(CONTENT);
    },
  }, { highWaterMark: 0 });
  const cast = await server.fleet.filecasts.distribute(
    { ...QUERY, target: "*" },
    endless,
    "local-root",
  );
  assert.match(cast.ok ? "" : cast.message, /more than the announced/);
  assert.ok(pulls <= 3, `${pulls} pieces were read`);
});

Deno.test("what a seeder signs reaches everybody's stream, and progress tells who has come how far", async () => {
  await using server = await SimulatedFleet.start();
  using origin = await connected(server, "vigo-1");
  using target = await server.envoy("web-1");
  await target.settle();
  const incoming = await target.openStream();
  const seeding = await origin.openStream();
  const entry = entryOf(origin.signer);
  seeding.raw.write({ manifest: { entries: [Buffer.from(JSON.stringify(entry))] } });
  const { manifest } = await incoming.next((message) => message.manifest !== undefined);
  assert.deepEqual(JSON.parse(manifest?.entries[0]?.toString() ?? ""), entry);
  seeding.raw.write({
    swarmProgress: progressOf({ status: "complete", chunksHave: 1, origin: true }),
  });
  incoming.raw.write({
    swarmProgress: progressOf({ status: "complete", chunksHave: 1, sources: { "vigo-1": 1 } }),
  });
  const hosts = await eventually("both envoys are complete", () => {
    const shown = server.fleet.filecasts.show(entry.sha256);
    return shown.ok && shown.value.filecast.complete === 2 && shown.value.hosts;
  });
  assert.deepEqual(hosts.map(({ hostname, origin }) => [hostname, origin]), [
    ["vigo-1", true],
    ["web-1", false],
  ]);
  assert.deepEqual(hosts[1]?.sources, { "vigo-1": 1 });
  const behind = await target.checkIn({ manifestDigest: Buffer.alloc(32) });
  assert.deepEqual(JSON.parse(behind.manifestEntries[0]?.toString() ?? ""), entry);
  const stubborn = await target.checkIn({ manifestDigest: Buffer.alloc(32) });
  assert.deepEqual(stubborn.manifestEntries, [], "not everything again at every check-in");
  server.clock.offsetMs = 11 * 60_000;
  const later = await target.checkIn({ manifestDigest: Buffer.alloc(32) });
  assert.equal(later.manifestEntries.length, 1);
});

Deno.test("the origin of a cast for everybody counts as complete, so that waiting for all can end", async () => {
  await using server = await SimulatedFleet.start();
  using origin = await connected(server, "vigo-1");
  const from = server.fleet.index.find("vigo-1");
  assert.ok(from);
  const entry = entryOf(origin.signer, { target: "*" });
  await server.fleet.manifest.receive([new TextEncoder().encode(JSON.stringify(entry))], from);
  const shown = server.fleet.filecasts.show(entry.sha256);
  assert.deepEqual(
    shown.ok && shown.value.hosts.map(({ hostname, status, origin }) => [hostname, status, origin]),
    [["vigo-1", "complete", true]],
  );
});

Deno.test("an envoy that may not seed changes nothing for anyone", async () => {
  await using server = await SimulatedFleet.start();
  using rogue = await connected(server, "web-1");
  const from = server.fleet.index.find("web-1");
  assert.ok(from);
  const entry = entryOf(rogue.signer, { origin: "web-1" });
  await server.fleet.manifest.receive([new TextEncoder().encode(JSON.stringify(entry))], from);
  assert.equal(server.fleet.manifest.effective(entry.sha256), undefined);
  assert.deepEqual(server.fleet.filecasts.list(10).filecasts, []);
});

Deno.test("a revoked cast is signed by the server, told to all, and cannot be undone by its author", async () => {
  await using server = await SimulatedFleet.start();
  using origin = await connected(server, "vigo-1");
  const from = server.fleet.index.find("vigo-1");
  assert.ok(from);
  const entry = entryOf(origin.signer);
  const cell = new TextEncoder().encode(JSON.stringify(entry));
  await server.fleet.manifest.receive([cell], from);
  const listening = await origin.openStream();
  const revoked = await server.fleet.filecasts.revoke(entry.sha256, "local-root");
  assert.equal(revoked.ok, true);
  const { manifest } = await listening.next((message) => message.manifest !== undefined);
  const told: unknown = JSON.parse(manifest?.entries[0]?.toString() ?? "");
  assert.equal(Reflect.get(Object(told), "state"), "revoked");
  await server.fleet.manifest.receive([cell], from);
  assert.equal(server.fleet.manifest.isLive(entry.sha256), false);
});

Deno.test("revoking an envoy revokes what it seeded", async () => {
  await using server = await SimulatedFleet.start();
  using origin = await connected(server, "vigo-1");
  const from = server.fleet.index.find("vigo-1");
  assert.ok(from);
  const entry = entryOf(origin.signer);
  await server.fleet.manifest.receive([new TextEncoder().encode(JSON.stringify(entry))], from);
  assert.equal(server.fleet.manifest.isLive(entry.sha256), true);
  await server.fleet.envoys.revoke("vigo-1", "", "local-root");
  const effective = server.fleet.manifest.effective(entry.sha256);
  assert.equal(effective?.state, "revoked");
  assert.equal(effective?.author, server.authority.signer.publicKey.toHex());
});

Deno.test("cells that are no cells, or whose signature is not the author's, are dropped", async () => {
  const store = new MemoryStore();
  const { signer } = generateEd25519();
  const { signer: seeder } = generateEd25519();
  let broadcasts = 0;
  const seederKeys = [{ key: seeder.publicKey.toHex(), hostname: "vigo-1" }];
  const options = {
    store,
    signer,
    now: Date.now,
    logger: getLogger("test"),
    fleetDocument: fleetDocument({ swarm: { seeders: [], seederKeys } }),
    broadcast: () => {
      broadcasts += 1;
    },
  };
  const manifest = await ManifestStore.load(options);
  const from = new EnvoyState(
    envoyRecord({ hostname: "vigo-1", signingKey: seeder.publicKey.toHex() }),
  );
  const entry = entryOf(seeder);
  const encode = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));
  await manifest.receive([
    encode({ ...entry, label: "other" }),
    encode({ ...entry, label: "../up" }),
    new Uint8Array(40_000),
    encode(null),
  ], from);
  assert.equal(broadcasts, 0);
  await manifest.receive([encode(entry)], from);
  assert.equal(broadcasts, 1);
  const reloaded = await ManifestStore.load(options);
  assert.deepEqual(reloaded.digest(), manifest.digest());
});

Deno.test("an envoy that was away is handed the whole manifest, page by page, and what it lost is not taken back", async () => {
  let nowMs = Date.now();
  await using server = await SimulatedFleet.start({ now: () => nowMs });
  const identity = await server.enrol("vigo-1");
  using origin = await server.envoy("vigo-1", { identity, now: () => nowMs });
  const from = server.fleet.index.find("vigo-1");
  assert.ok(from);
  const { manifest } = server.fleet;
  const encode = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));
  const entries = Array.from(
    { length: 1_500 },
    (_, index) => entryOf(origin.signer, { sha256: sha256Hex(`${index}`), stamp: nowMs }),
  );
  await manifest.receive(entries.slice(0, 800).map(encode), from);
  await manifest.receive(entries.slice(800).map(encode), from);
  const told = new Set<string>();
  let pages = 0;
  for (let since = "start", isComplete = false; !isComplete;) {
    const { manifestPage } = await origin.checkIn({
      manifestDigest: Buffer.alloc(32),
      manifestSince: since,
    });
    assert.ok(manifestPage);
    assert.equal(manifestPage.since, since);
    for (const cell of manifestPage.entries) told.add(JSON.parse(cell.toString()).sha256);
    ({ next: since, isComplete } = manifestPage);
    pages += 1;
  }
  assert.deepEqual([told.size, pages], [1_500, 2]);
  const anew = await origin.checkIn({
    manifestDigest: Buffer.alloc(32),
    manifestSince: "another-life:1400",
  });
  assert.equal(anew.manifestPage?.entries.length, 1_000);

  const [forgotten] = entries;
  assert.ok(forgotten);
  await manifest.revoke(forgotten.sha256);
  nowMs += 8 * 86_400_000;
  await manifest.prune();
  await manifest.receive([encode(forgotten)], from);
  assert.equal(manifest.effective(forgotten.sha256), undefined);
});

Deno.test("what has outlived its retention is revoked, and forgotten a week later", async () => {
  let nowMs = Date.now();
  const store = new MemoryStore();
  await using server = await SimulatedFleet.start({ store, now: () => nowMs });
  const identity = await server.enrol("vigo-1");
  using origin = await server.envoy("vigo-1", { identity, now: () => nowMs });
  const from = server.fleet.index.find("vigo-1");
  assert.ok(from);
  const entry = entryOf(origin.signer, { retentionSecs: 3600, createdMs: nowMs, stamp: nowMs });
  await server.fleet.manifest.receive([new TextEncoder().encode(JSON.stringify(entry))], from);
  await server.fleet.manifest.prune();
  assert.equal(server.fleet.manifest.isLive(entry.sha256), true);
  nowMs += 3_601_000;
  await server.fleet.manifest.prune();
  assert.equal(server.fleet.manifest.effective(entry.sha256)?.state, "revoked");
  nowMs += 8 * 86_400_000;
  await server.fleet.manifest.prune();
  assert.deepEqual(await store.manifest.list(), []);
});

/** Casts as the seeder would: the entry is signed after the upload. */
async function tell(server: SimulatedFleet, entry: ManifestEntry): Promise<void> {
  const from = server.fleet.index.find("vigo-1");
  assert.ok(from);
  await server.fleet.manifest.receive([new TextEncoder().encode(JSON.stringify(entry))], from);
}

/** What `filecast status` shows: the target, the state and a word for each row. */
function shownOf(server: SimulatedFleet): string {
  const shown = server.fleet.filecasts.show(sha256Hex(CONTENT));
  assert.ok(shown.ok);
  const { filecast: { target, state }, hosts } = shown.value;
  return [target, state, ...hosts.map(({ hostname, status }) => `${hostname}:${status}`)].join(" ");
}

Deno.test("the cast that was asked for last decides until its entry arrives, wider or narrower than the one in force", async () => {
  await using server = await SimulatedFleet.start();
  using origin = await connected(server, "vigo-1");
  using web = await server.envoy("web-1");
  using _db = await connected(server, "db-1");
  await web.settle();
  const reporting = await web.openStream();
  const entry = entryOf(origin.signer);
  await tell(server, entry);
  reporting.raw.write({ swarmProgress: progressOf({ status: "complete", chunksHave: 1 }) });
  await eventually("web-1 is complete", () => shownOf(server).includes("web-1:complete"));
  assert.equal(shownOf(server), "web-* active vigo-1:complete web-1:complete");

  const cast = (target: string) =>
    server.fleet.filecasts.distribute({ ...QUERY, target }, stream(), "local-root");
  assert.equal((await cast("*")).ok, true);
  assert.equal(shownOf(server), "* active db-1:pending vigo-1:pending web-1:pending");
  await tell(server, entry);
  assert.equal(shownOf(server), "* active db-1:pending vigo-1:pending web-1:pending");
  const wider = entryOf(origin.signer, { target: "*", stamp: entry.stamp + 1 });
  await tell(server, wider);
  assert.equal(shownOf(server), "* active db-1:pending vigo-1:complete web-1:complete");

  assert.equal((await cast("db-*")).ok, true);
  assert.equal(shownOf(server), "db-* active db-1:pending");
  await tell(server, entryOf(origin.signer, { target: "db-*", stamp: wider.stamp + 1 }));
  assert.equal(shownOf(server), "db-* active db-1:pending vigo-1:complete web-1:complete");
});

Deno.test("a cast with another label or retention is awaited, one that changes nothing is not", async () => {
  await using server = await SimulatedFleet.start();
  using origin = await connected(server, "vigo-1");
  using _web = await connected(server, "web-1");
  const entry = entryOf(origin.signer);
  const cast = (changes: Partial<typeof QUERY>) =>
    server.fleet.filecasts.distribute({ ...QUERY, ...changes }, stream(), "local-root");
  await cast({});
  await tell(server, entry);
  await cast({});
  assert.equal(shownOf(server), "web-* active vigo-1:complete web-1:pending");
  await cast({ retention: "0" });
  const [kept] = server.fleet.filecasts.list(10).filecasts;
  assert.deepEqual([kept?.retentionSecs, kept?.label], [0, QUERY.label]);
  await cast({ label: "other.bin" });
  const [named] = server.fleet.filecasts.list(10).filecasts;
  assert.deepEqual([named?.retentionSecs, named?.label], [604_800, "other.bin"]);
  const names = (await Array.fromAsync(Deno.readDir(server.root.join("seed")))).map(({ name }) =>
    name
  );
  assert.deepEqual(names.sort(), ["app.tar.gz", "other.bin", "other.bin.swarm"]);
});

Deno.test("a cast that has no entry yet cannot be revoked", async () => {
  await using server = await SimulatedFleet.start();
  using _origin = await connected(server, "vigo-1");
  using _web = await connected(server, "web-1");
  await server.fleet.filecasts.distribute(QUERY, stream(), "local-root");
  const early = await server.fleet.filecasts.revoke(sha256Hex(CONTENT), "local-root");
  assert.match(early.ok ? "" : early.message, /it is being seeded/);
});

Deno.test("a revocation takes effect while a newer cast is awaited, and that one does not come back after it", async () => {
  await using server = await SimulatedFleet.start();
  using origin = await connected(server, "vigo-1");
  using _web = await connected(server, "web-1");
  const entry = entryOf(origin.signer);
  const { filecasts, manifest } = server.fleet;
  const widen = () =>
    filecasts.distribute({ ...QUERY, target: "*" }, stream(), "local-root").then(({ ok }) => ok);
  await tell(server, entry);
  assert.equal(await widen(), true);
  assert.equal((await filecasts.revoke(entry.sha256, "local-root")).ok, true);
  assert.equal(manifest.effective(entry.sha256)?.state, "revoked");
  assert.match(shownOf(server), /^web-\* revoked /);

  const late = { target: "*", stamp: Date.now() + 1000 };
  await tell(server, entryOf(origin.signer, late));
  assert.equal(manifest.isLive(entry.sha256), false);
  assert.match(shownOf(server), /^\* revoked /);

  // Whoever casts it again means it.
  assert.equal(await widen(), true);
  await tell(server, entryOf(origin.signer, { target: "*", stamp: Date.now() + 2000 }));
  assert.equal(manifest.isLive(entry.sha256), true);
});

Deno.test("what is cast again after a revocation that called a cast off is not taken for that one", async () => {
  await using server = await SimulatedFleet.start();
  using origin = await connected(server, "vigo-1");
  using _web = await connected(server, "web-1");
  const entry = entryOf(origin.signer);
  const { filecasts, manifest } = server.fleet;
  const widen = () => filecasts.distribute({ ...QUERY, target: "*" }, stream(), "local-root");
  await tell(server, entry);
  await widen();
  assert.equal((await filecasts.revoke(entry.sha256, "local-root")).ok, true);
  await widen();
  await tell(server, entryOf(origin.signer, { target: "*", stamp: Date.now() + 1000 }));
  assert.equal(manifest.isLive(entry.sha256), true);
});

Deno.test("a cast of what is seeded already says what it replaces, or whose entry goes on to count", async () => {
  await using server = await SimulatedFleet.start({
    swarm: swarmSectionSchema.parse({
      enabled: ["*"],
      payload: { enabled: ["*"] },
      seeders: ["web-1"],
    }),
  });
  using origin = await connected(server, "vigo-1");
  using web = await connected(server, "web-1");
  const cast = async () => {
    const answer = await server.fleet.filecasts.distribute(QUERY, stream(), "local-root");
    return answer.ok ? answer.value.former : answer.message;
  };
  assert.equal(await cast(), null);
  const entry = entryOf(origin.signer);
  await tell(server, entry);
  const { label, target, retentionSecs } = entry;
  const former = { label, target, retentionSecs };
  assert.deepEqual(await cast(), { ...former, origin: "vigo-1", replaced: true });
  await server.fleet.filecasts.revoke(entry.sha256, "local-root");
  assert.equal(await cast(), null);
  await tell(server, entryOf(web.signer, { origin: "web-1", stamp: Date.now() + 1000 }));
  assert.deepEqual(await cast(), { ...former, origin: "web-1", replaced: false });
});

Deno.test("what was heard before a revocation does not count for the cast after it", async () => {
  await using server = await SimulatedFleet.start();
  using origin = await connected(server, "vigo-1");
  using web = await server.envoy("web-1");
  await web.settle();
  const reporting = await web.openStream();
  const entry = entryOf(origin.signer);
  await tell(server, entry);
  const complete = { status: "complete", chunksHave: 1, sources: { "vigo-1": 1 } };
  reporting.raw.write({ swarmProgress: progressOf(complete) });
  await eventually("web-1 is complete", () => shownOf(server).includes("web-1:complete"));
  assert.equal((await server.fleet.filecasts.revoke(entry.sha256, "local-root")).ok, true);
  assert.match(shownOf(server), /^web-\* revoked .*web-1:revoking/);
  await server.fleet.filecasts.distribute(QUERY, stream(), "local-root");
  const stamp = Date.now() + 1000;
  await tell(server, entryOf(origin.signer, { stamp }));
  assert.equal(shownOf(server), "web-* active vigo-1:complete web-1:pending");
  const shown = server.fleet.filecasts.show(entry.sha256);
  assert.deepEqual(shown.ok && shown.value.hosts[1]?.sources, {});
  reporting.raw.write({ swarmProgress: progressOf(complete) });
  await eventually("web-1 has it again", () => shownOf(server).includes("web-1:complete"));
  reporting.raw.write({ swarmProgress: { blobs: [], problems: [] } });
  await eventually("web-1 names it no more", () => shownOf(server).includes("web-1:pending"));
});

Deno.test("why the former entry was skipped, and a late word on its revocation, leave a target pending", async () => {
  await using server = await SimulatedFleet.start();
  using origin = await connected(server, "vigo-1");
  using web = await server.envoy("web-1");
  await web.settle();
  const reporting = await web.openStream();
  const entry = entryOf(origin.signer);
  await tell(server, entry);
  reporting.raw.write({ swarmProgress: progressOf({ status: "skipped", skipReason: "full" }) });
  await eventually("web-1 skipped it", () => shownOf(server).includes("web-1:skipped"));
  await tell(server, entryOf(origin.signer, { target: "*", stamp: entry.stamp + 1 }));
  assert.equal(shownOf(server), "* active vigo-1:complete web-1:pending");
  const marker = sha256Hex("another blob");
  await tell(server, entryOf(origin.signer, { sha256: marker, label: "marker" }));
  const blobs = [
    ...progressOf({ status: "revoked" }).blobs,
    ...progressOf({ sha256: marker, status: "complete", chunksHave: 1 }).blobs,
  ];
  reporting.raw.write({ swarmProgress: { blobs, problems: [] } });
  await eventually("the late word was heard", () => {
    const shown = server.fleet.filecasts.show(marker);
    return shown.ok &&
      shown.value.hosts.some(({ hostname, status }) =>
        hostname === "web-1" && status === "complete"
      );
  });
  assert.equal(shownOf(server), "* active vigo-1:complete web-1:pending");
});

Deno.test("an envoy that is no target and holds nothing has no row", async () => {
  await using server = await SimulatedFleet.start();
  using origin = await connected(server, "vigo-1");
  using _web = await connected(server, "web-1");
  using db = await server.envoy("db-1");
  await db.settle();
  const reporting = await db.openStream();
  await tell(server, entryOf(origin.signer));
  reporting.raw.write({ swarmProgress: progressOf({ status: "complete", chunksHave: 1 }) });
  await eventually("db-1 holds it", () => shownOf(server).includes("db-1"));
  assert.equal(shownOf(server), "web-* active vigo-1:complete web-1:pending db-1:complete");
  reporting.raw.write({ swarmProgress: progressOf({ status: "revoked" }) });
  await eventually("db-1 has lost it", () => !shownOf(server).includes("db-1"));
});

Deno.test("a target that hits nobody is refused before the upload and leaves the live cast alone", async () => {
  await using server = await SimulatedFleet.start();
  using origin = await connected(server, "vigo-1");
  using _web = await connected(server, "web-1");
  await tell(server, entryOf(origin.signer));
  let read = 0;
  const body = new ReadableStream<Uint8Array>({
    pull: () => {
      read += 1;
    },
  }, { highWaterMark: 0 });
  const target = "dmi.product_name=PowerEdge R750";
  const cast = await server.fleet.filecasts.distribute({ ...QUERY, target }, body, "local-root");
  assert.deepEqual([!cast.ok && cast.status, read], [409, 0]);
  assert.match(
    cast.ok ? "" : cast.message,
    /^Cannot cast to "dmi\.product_name=PowerEdge R750": it hits no envoy .* vigocli envoys list --target/,
  );
  assert.equal(shownOf(server), "web-* active vigo-1:complete web-1:pending");
});

Deno.test("a host whose agent does not share the server's root is told which folder is expected", async () => {
  await using server = await SimulatedFleet.start({
    freeSpace: (folder) =>
      Deno.lstat(`${folder}/missing`).then(() => ({ freeBytes: 0, freePercent: 0 })),
  });
  using _origin = await connected(server, "vigo-1");
  const query = { ...QUERY, target: "*" };
  const cast = await server.fleet.filecasts.distribute(query, stream(), "local-root");
  assert.equal(!cast.ok && cast.status, 503);
  const message = cast.ok ? "" : cast.message;
  assert.ok(message.includes(`"${server.root.join("seed")}" is not there`), message);
  assert.ok(
    message.includes(`must run with the server's own --root, "${server.root.path}"`),
    message,
  );
});

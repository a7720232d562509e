import assert from "node:assert/strict";
import { readManifest, readSwarmState } from "../../agent/swarm/mirror.ts";
import { engineWorkerPermissions } from "../../agent/swarm/start_engine.ts";
import { generateEd25519 } from "../../shared/crypto/ed25519.ts";
import { sha256Hex } from "../../shared/crypto/sha256.ts";
import { probeHandshake } from "../../shared/platform/client_certificate_probe.ts";
import { Bitmap } from "../../shared/swarm/bitmap.ts";
import {
  manifestEntrySchema,
  type UnsignedManifestEntry,
} from "../../shared/swarm/manifest_entry.ts";
import { eventually } from "../support/eventually.ts";
import { findFreePort } from "../support/free_port.ts";
import { allocateLoopback } from "../support/loopback_addresses.ts";
import { TemporaryRoot } from "../support/temporary_root.ts";
import { signEntry, TestEnvoy, type TestFleet } from "./swarm_envoy.ts";
import { enrolMember, TestAuthority, type TestMember } from "./swarm_fleet.ts";

const MIB = 1024 * 1024;
const unsignedSchema = manifestEntrySchema.omit({ signature: true });

/** Bytes that do not repeat, so that no two chunks are the same. */
function randomBytes(sizeBytes: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(sizeBytes);
  for (let at = 0; at < sizeBytes; at += 65_536) {
    crypto.getRandomValues(bytes.subarray(at, Math.min(sizeBytes, at + 65_536)));
  }
  return bytes;
}

/** A fleet of engines on loopback, none of them started; the first may seed. */
async function makeFleet(
  root: TemporaryRoot,
  count: number,
  options: { readonly maxUploadMbps?: number; readonly discoveryPort?: number } = {},
) {
  const authority = await TestAuthority.create();
  const hostnames = Array.from({ length: count }, (_, index) => `envoy-${index}`);
  const members = await Promise.all(hostnames.map((name) => enrolMember(authority, name)));
  const fleet: TestFleet = {
    authority,
    server: generateEd25519().signer,
    members,
    seeders: ["envoy-0"],
    discoveryPort: options.discoveryPort ?? findFreePort(),
  };
  const places = allocateLoopback(count, findFreePort());
  const envoys = members.map((member, index) => {
    const place = places[index];
    if (!place) throw new RangeError(`No address for envoy ${index}`);
    return new TestEnvoy({
      fleet,
      member,
      folder: root.join(member.hostname),
      address: place.hostname,
      port: place.port,
      ...(options.maxUploadMbps === undefined ? {} : { maxUploadMbps: options.maxUploadMbps }),
    });
  });
  return { fleet, envoys };
}

/** Starts engines, and waits until all of them are ready; they end with the scope, and whatever else is put there. */
async function running(...envoys: readonly TestEnvoy[]): Promise<AsyncDisposableStack> {
  await using stack = new AsyncDisposableStack();
  for (const envoy of envoys) stack.use(envoy).start();
  await Promise.all(envoys.map((envoy) => envoy.waitReady()));
  return stack.move();
}

Deno.test("a seeded file reaches every envoy, and envoys get chunks from each other", async () => {
  await using root = await TemporaryRoot.create();
  // Slow enough that nobody is done before the last one begins.
  const { envoys } = await makeFleet(root, 4, { maxUploadMbps: 80 });
  await using _engines = await running(...envoys);
  const [origin, ...receivers] = envoys;
  assert.ok(origin);
  const content = randomBytes(24 * MIB + 17);
  const sha256 = sha256Hex(content);
  await origin.seed("firmware.bin", content);
  let fromPeers = 0;
  for (const receiver of receivers) {
    const { sources, chunksHave } = await receiver.waitFor(sha256, "complete");
    assert.equal(chunksHave, 25);
    assert.equal(Object.values(sources).reduce((sum, count) => sum + count, 0), 25);
    if (Object.keys(sources).some((name) => name !== "envoy-0")) fromPeers += 1;
    assert.equal(sha256Hex(await Deno.readFile(`${receiver.folder}/files/firmware.bin`)), sha256);
  }
  assert.ok(fromPeers >= 2, `only ${fromPeers} receivers got chunks from another receiver`);
});

Deno.test("a download that was killed goes on with the chunks it had", async () => {
  await using root = await TemporaryRoot.create();
  const { envoys: [origin, receiver] } = await makeFleet(root, 2, { maxUploadMbps: 60 });
  assert.ok(origin && receiver);
  await using _engines = await running(origin, receiver);
  const content = randomBytes(24 * MIB);
  const sha256 = sha256Hex(content);
  await origin.seed("firmware.bin", content);
  const bitmap = `${receiver.folder}/.blobs/${sha256}.partial/bitmap`;
  const synced = await eventually("some chunks are durable", async () => {
    const bits = Bitmap.fromBytes(24, await Deno.readFile(bitmap));
    return bits && bits.count >= 3 && bits.count;
  });
  receiver.crash();
  receiver.start();
  const { sources } = await receiver.waitFor(sha256, "complete");
  assert.ok((sources["cached"] ?? 0) >= synced, JSON.stringify(sources));
  assert.equal((sources["cached"] ?? 0) + (sources["envoy-0"] ?? 0), 24);
  assert.equal(sha256Hex(await Deno.readFile(`${receiver.folder}/.blobs/${sha256}`)), sha256);
});

Deno.test("a peer that serves wrong bytes is left alone, and none of them is stored", async () => {
  await using root = await TemporaryRoot.create();
  const { envoys: [origin, liar, receiver] } = await makeFleet(root, 3, { maxUploadMbps: 60 });
  assert.ok(origin && liar && receiver);
  await using stack = await running(origin, liar);
  const content = randomBytes(12 * MIB);
  const sha256 = sha256Hex(content);
  await origin.seed("firmware.bin", content);
  await liar.waitFor(sha256, "complete");
  await Deno.writeFile(`${liar.folder}/.blobs/${sha256}`, randomBytes(12 * MIB));
  // The liar alone is there to be asked, however busy the machine is.
  origin.crash();
  stack.use(receiver).start();
  const says = (envoy: TestEnvoy, text: string) =>
    eventually(`${text} is logged`, () => envoy.logged(text).length > 0);
  await says(receiver, "wrong bytes");
  await says(receiver, "looked at the chunk that came wrong");
  // Told of it, the peer finds its copy damaged, serves it no more and fetches what is wrong.
  await says(liar, "damaged on this disk");
  origin.start();
  const { sources } = await receiver.waitFor(sha256, "complete");
  assert.deepEqual(sources, { "envoy-0": 12 });
  assert.equal(sha256Hex(await Deno.readFile(`${receiver.folder}/.blobs/${sha256}`)), sha256);
  await eventually("the damaged copy is mended", async () => {
    const blob = await liar.blob(sha256);
    const path = `${liar.folder}/.blobs/${sha256}`;
    return blob?.status === "complete" && sha256Hex(await Deno.readFile(path)) === sha256;
  });
});

Deno.test("an envoy that joins late is served by the others, even when the origin is gone", async () => {
  await using root = await TemporaryRoot.create();
  const { envoys: [origin, receiver, late] } = await makeFleet(root, 3);
  assert.ok(origin && receiver && late);
  await using stack = await running(origin, receiver);
  const content = randomBytes(6 * MIB + 1);
  const sha256 = sha256Hex(content);
  await origin.seed("firmware.bin", content);
  await receiver.waitFor(sha256, "complete");
  origin.crash();
  stack.use(late).start();
  const { sources } = await late.waitFor(sha256, "complete");
  assert.deepEqual(sources, { "envoy-1": 7 });
  assert.equal(sha256Hex(await Deno.readFile(`${late.folder}/.blobs/${sha256}`)), sha256);
});

Deno.test("a seeder killed at half its work costs no chunk that somebody holds", async () => {
  await using root = await TemporaryRoot.create();
  const { envoys: [origin, ...receivers] } = await makeFleet(root, 3, { maxUploadMbps: 40 });
  assert.ok(origin && receivers.length === 2);
  await using _engines = await running(origin, ...receivers);
  const content = randomBytes(24 * MIB);
  const sha256 = sha256Hex(content);
  await origin.seed("firmware.bin", content);
  const before = await eventually("half of it is with every receiver", async () => {
    const held = await Promise.all(
      receivers.map(({ folder }) => durableChunks(folder, sha256, 24)),
    );
    return held.every((chunks) => chunks && chunks.count >= 12) && held;
  });
  origin.crash();
  const union = Array.from({ length: 24 }, (_, chunk) => before.some((one) => one?.has(chunk)));
  const known = union.filter(Boolean).length;
  await eventually("the receivers have given each other what they hold", async () => {
    const now = await Promise.all(receivers.map((envoy) => envoy.blob(sha256)));
    return now.every((blob) => blob && blob.chunksHave >= known);
  });
  origin.start();
  for (const receiver of receivers) {
    const { chunksHave } = await receiver.waitFor(sha256, "complete");
    assert.equal(chunksHave, 24);
    assert.equal(sha256Hex(await Deno.readFile(`${receiver.folder}/.blobs/${sha256}`)), sha256);
  }
});

Deno.test("an envoy of another fleet on the same LAN is neither heard nor served", async () => {
  await using root = await TemporaryRoot.create();
  await using foreignRoot = await TemporaryRoot.create();
  const { fleet, envoys: [envoy] } = await makeFleet(root, 1);
  const { discoveryPort } = fleet;
  const { envoys: [, foreign] } = await makeFleet(foreignRoot, 2, { discoveryPort });
  assert.ok(envoy && foreign);
  await using _engines = await running(envoy, foreign);
  await eventually(
    "the foreign address was tried",
    () => envoy.logged(foreign.address).some((event) => JSON.stringify(event).includes("no peer")),
  );
  const [hostname = "", port] = envoy.address.split(":");
  const probe = { hostname, port: Number(port), ca: fleet.authority.pem };
  const { identity } = foreign.member;
  assert.equal(await probeHandshake({ ...probe, identity }), "refused");
  assert.equal(await probeHandshake(probe), "refused");
  assert.equal(await probeHandshake({ ...probe, identity: envoy.member.identity }), "served");
  assert.deepEqual(envoy.logged("found a peer"), []);
});

Deno.test("entries that are forged, or by an envoy that may not seed, change nothing", async () => {
  await using root = await TemporaryRoot.create();
  const { fleet, envoys: [envoy, other] } = await makeFleet(root, 2);
  assert.ok(envoy && other);
  await using _engines = await running(envoy);
  const honest = entryOf("a", envoy.member, "envoy-0");
  const unauthorised = signEntry(entryOf("b", other.member, "envoy-1"), other.member.signer);
  const inAnothersName = signEntry(entryOf("c", other.member, "envoy-0"), other.member.signer);
  const forged = signEntry(entryOf("d", envoy.member, "envoy-0"), other.member.signer);
  const signed = signEntry(honest, envoy.member.signer);
  const altered = {
    ...signEntry(entryOf("e", envoy.member, "envoy-0"), envoy.member.signer),
    target: "web-*",
  };
  const entries = [unauthorised, inAnothersName, forged, altered, signed];
  envoy.engine.send({ kind: "entries", entries });
  await envoy.waitFor(honest.sha256, "pending");
  const state = await readSwarmState(envoy.folder);
  assert.ok(state.ok);
  assert.deepEqual(state.value.blobs.map(({ sha256 }) => sha256), [honest.sha256]);
  assert.deepEqual(state.value.manifest.active, 1);
  // What was only unauthorised counts as soon as a fleet document allows its author.
  envoy.sendDocuments({ ...fleet, seeders: ["envoy-0", "envoy-1"] });
  await envoy.waitFor(unauthorised.sha256, "pending");
});

Deno.test("a revocation by the server empties every cache and buries the seed", async () => {
  await using root = await TemporaryRoot.create();
  const { fleet, envoys: [origin, receiver] } = await makeFleet(root, 2);
  assert.ok(origin && receiver);
  await using _engines = await running(origin, receiver);
  const content = randomBytes(2 * MIB);
  const sha256 = sha256Hex(content);
  await origin.seed("firmware.bin", content);
  await receiver.waitFor(sha256, "complete");
  const active = await eventually("the manifest is written", async () => {
    const manifest = await readManifest(receiver.folder);
    return manifest.ok && manifest.value.entries[0];
  });
  const { signature: _signature, ...facts } = active;
  const author = fleet.server.publicKey.toHex();
  const revoked = { ...facts, author, state: "revoked" as const, stamp: active.stamp + 1 };
  receiver.engine.send({ kind: "entries", entries: [signEntry(revoked, fleet.server)] });
  await receiver.waitFor(sha256, "revoked");
  await assert.rejects(Deno.stat(`${receiver.folder}/.blobs/${sha256}`), Deno.errors.NotFound);
  await assert.rejects(Deno.lstat(`${receiver.folder}/files/firmware.bin`), Deno.errors.NotFound);
  await origin.waitFor(sha256, "revoked");
  await assert.rejects(Deno.stat(`${origin.folder}/seed/firmware.bin`), Deno.errors.NotFound);
  assert.equal(sha256Hex(await Deno.readFile(`${origin.folder}/graveyard/${sha256}`)), sha256);
});

Deno.test("a seed that is taken away is revoked everywhere", async () => {
  await using root = await TemporaryRoot.create();
  const { envoys: [origin, receiver] } = await makeFleet(root, 2);
  assert.ok(origin && receiver);
  await using _engines = await running(origin, receiver);
  const content = randomBytes(MIB + 1);
  const sha256 = sha256Hex(content);
  await origin.seed("firmware.bin", content);
  await receiver.waitFor(sha256, "complete");
  await Deno.remove(`${origin.folder}/seed/firmware.bin`);
  await Deno.remove(`${origin.folder}/seed/firmware.bin.swarm`);
  await receiver.waitFor(sha256, "revoked");
});

Deno.test("an envoy that may not seed says so and originates nothing", async () => {
  await using root = await TemporaryRoot.create();
  const { envoys: [, envoy] } = await makeFleet(root, 2);
  assert.ok(envoy);
  await using _engines = await running(envoy);
  await envoy.seed("firmware.bin", randomBytes(100));
  const state = await eventually("the problem is reported", async () => {
    const read = await readSwarmState(envoy.folder);
    return read.ok && read.value.problems.length > 0 && read.value;
  });
  assert.deepEqual(state.problems, [
    { label: "firmware.bin", reason: "refused: not in swarm.seeders" },
  ]);
  assert.equal(state.manifest.active, 0);
});

Deno.test("an envoy that loses its gate stops listening and keeps what it has", async () => {
  await using root = await TemporaryRoot.create();
  const { fleet, envoys: [origin, receiver] } = await makeFleet(root, 2);
  assert.ok(origin && receiver);
  await using _engines = await running(origin, receiver);
  const content = randomBytes(MIB);
  const sha256 = sha256Hex(content);
  await origin.seed("firmware.bin", content);
  await receiver.waitFor(sha256, "complete");
  receiver.sendDocuments(fleet, { enabled: false });
  await eventually("the gate is shut", async () => {
    const state = await readSwarmState(receiver.folder);
    return state.ok && !state.value.gates.enabled;
  });
  const [hostname = "", port] = receiver.address.split(":");
  const probe = { hostname, port: Number(port), ca: fleet.authority.pem };
  await assert.rejects(
    probeHandshake({ ...probe, identity: origin.member.identity }),
    /connection refused/,
  );
  assert.equal(sha256Hex(await Deno.readFile(`${receiver.folder}/.blobs/${sha256}`)), sha256);
});

Deno.test("an engine that the daemon stops leaves a state file that shows it stopped, with the gates of the server", async () => {
  await using root = await TemporaryRoot.create();
  const { envoys: [origin, receiver] } = await makeFleet(root, 2);
  assert.ok(origin && receiver);
  await using _engines = await running(origin, receiver);
  const content = randomBytes(MIB);
  const sha256 = sha256Hex(content);
  await origin.seed("firmware.bin", content);
  await receiver.waitFor(sha256, "complete");
  await receiver.engine.stop();
  const state = await readSwarmState(receiver.folder);
  assert.ok(state.ok);
  assert.equal(state.value.gates.enabled, true);
  assert.equal(state.value.listening, undefined);
  assert.deepEqual(state.value.blobs.map(({ status }) => status), ["complete"]);
});

Deno.test("the engine's worker can neither start a program nor read outside its folder", async () => {
  await using root = await TemporaryRoot.create();
  await Deno.writeTextFile(root.join("own"), "own");
  const worker = new Worker(new URL("./swarm_sandbox_probe.ts", import.meta.url), {
    type: "module",
    deno: { permissions: engineWorkerPermissions(root.path) },
  });
  try {
    const answer = await new Promise((resolve, reject) => {
      worker.addEventListener("message", ({ data }) => resolve(data));
      worker.addEventListener("error", ({ message }) => reject(new Error(message)));
      worker.postMessage(root.path);
    });
    assert.deepEqual(answer, {
      "read its own folder": "allowed",
      "start a program": "NotCapable",
      "read another folder": "NotCapable",
      "write another folder": "NotCapable",
      "read the environment": "NotCapable",
      "link out of its folder": "NotCapable",
      "load native code": "NotCapable",
    });
  } finally {
    worker.terminate();
  }
});

/** The chunks that a crash would leave with an envoy, once it has begun. */
async function durableChunks(folder: string, sha256: string, count: number) {
  return Bitmap.fromBytes(count, await Deno.readFile(`${folder}/.blobs/${sha256}.partial/bitmap`));
}

function entryOf(digit: string, { author }: TestMember, origin: string): UnsignedManifestEntry {
  return unsignedSchema.parse({
    sha256: digit.repeat(64),
    sizeBytes: 1,
    chunkSizeBytes: MIB,
    chunksDigest: "0".repeat(64),
    label: `file-${digit}`,
    target: "*",
    retentionSecs: 0,
    subsystem: "payload",
    origin,
    createdMs: Date.now(),
    state: "active",
    stamp: Date.now(),
    author,
  });
}

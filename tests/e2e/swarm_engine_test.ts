import assert from "node:assert/strict";
import { generateEd25519 } from "../../shared/crypto/ed25519.ts";
import { sha256Hex } from "../../shared/crypto/sha256.ts";
import { findFreePort } from "../support/free_port.ts";
import { allocateLoopback } from "../support/loopback_addresses.ts";
import { TemporaryRoot } from "../support/temporary_root.ts";
import { TestEnvoy, type TestFleet } from "./swarm_envoy.ts";
import { enrolMember, TestAuthority } from "./swarm_fleet.ts";

const MIB = 1024 * 1024;

/** Bytes that do not repeat, so that no two chunks are the same. */
function randomBytes(sizeBytes: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(sizeBytes);
  for (let at = 0; at < sizeBytes; at += 65_536) {
    crypto.getRandomValues(bytes.subarray(at, Math.min(sizeBytes, at + 65_536)));
  }
  return bytes;
}

/** A fleet of engines on loopback, none of them started; the first may seed. */
async function makeFleet(root: TemporaryRoot, count: number) {
  const authority = await TestAuthority.create();
  const hostnames = Array.from({ length: count }, (_, index) => `envoy-${index}`);
  const members = await Promise.all(hostnames.map((name) => enrolMember(authority, name)));
  const fleet: TestFleet = {
    authority,
    server: generateEd25519().signer,
    members,
    seeders: ["envoy-0"],
    discoveryPort: findFreePort(),
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
    });
  });
  return { fleet, envoys };
}

Deno.test("a seeded file reaches every envoy, and envoys get chunks from each other", async () => {
  await using root = await TemporaryRoot.create();
  const { envoys } = await makeFleet(root, 4);
  await using stack = new AsyncDisposableStack();
  for (const envoy of envoys) {
    stack.use(envoy);
    envoy.start();
  }
  await Promise.all(envoys.map((envoy) => envoy.waitReady()));
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

import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { FetchBlobRequest } from "../../shared/proto/agent.ts";
import { sha256Hex } from "../../shared/crypto/sha256.ts";
import type { ManifestEntry } from "../../shared/swarm/manifest_entry.ts";
import type { SimulatedEnvoy } from "../../tests/support/simulated_envoy.ts";
import { SimulatedFleet } from "../../tests/support/simulated_fleet.ts";
import { connected, CONTENT, entryOf } from "../../tests/support/filecast_fixture.ts";
import { PIECE_BYTES } from "./host_blobs.ts";
import { swarmSectionSchema } from "../config/swarm_section.ts";

const SHA = sha256Hex(CONTENT);
const DIGESTS = new Uint8Array(64).fill(7);

/** A fleet whose server's host holds {@linkcode CONTENT} and has cast it. */
async function serving(
  section: Record<string, unknown> = {},
  changes: Partial<ManifestEntry> = {},
  content: Uint8Array = CONTENT,
): Promise<SimulatedFleet> {
  const server = await SimulatedFleet.start({
    swarm: swarmSectionSchema.parse({ enabled: true, payload: { enabled: true }, ...section }),
  });
  await Deno.mkdir(server.root.join("blobs"));
  await Deno.writeFile(server.root.join(`blobs/${SHA}`), content);
  await Deno.writeFile(server.root.join(`blobs/${SHA}.digests`), DIGESTS);
  using origin = await connected(server, "vigo-1");
  const from = server.fleet.index.find("vigo-1");
  assert.ok(from);
  const cell = Buffer.from(JSON.stringify(entryOf(origin.signer, changes)));
  await server.fleet.manifest.receive([cell], from);
  return server;
}

/** All bytes of one call, in the pieces that came. */
function fetch(envoy: SimulatedEnvoy, asked: Partial<FetchBlobRequest>): Promise<Uint8Array[]> {
  const body = FetchBlobRequest.encode({ sha256: SHA, count: 0, ...asked }).finish();
  return new Promise((resolve, reject) => {
    const pieces: Uint8Array[] = [];
    const call = envoy.client.fetchBlob(envoy.sign("FetchBlob", body));
    call.on("data", ({ data }) => pieces.push(new Uint8Array(data)));
    call.on("end", () => resolve(pieces));
    call.on("error", reject);
  });
}

Deno.test("an envoy that a filecast is for gets its digests and its chunks from the server", async () => {
  await using server = await serving();
  using web = await connected(server, "web-1");
  assert.deepEqual(await fetch(web, { digests: true }), [DIGESTS]);
  assert.deepEqual(await fetch(web, { chunk: 0 }), [CONTENT]);
});

Deno.test("a chunk comes in pieces, and only its own bytes", async () => {
  const chunkSizeBytes = 1024 * 1024;
  const content = new Uint8Array(chunkSizeBytes + 100).fill(1);
  content.fill(2, chunkSizeBytes);
  await using server = await serving({}, { sizeBytes: content.length, chunkSizeBytes }, content);
  using web = await connected(server, "web-1");
  const first = await fetch(web, { chunk: 0 });
  assert.deepEqual(first.map(({ length }) => length), Array(4).fill(PIECE_BYTES));
  assert.deepEqual(await fetch(web, { chunk: 1 }), [new Uint8Array(100).fill(2)]);
  const both = await fetch(web, { chunk: 0, count: 2 });
  assert.deepEqual(Buffer.concat(both), Buffer.from(content));
  await assert.rejects(fetch(web, { chunk: 2 }), /it has no chunk 2/);
  await assert.rejects(fetch(web, { chunk: 1, count: 2 }), /it has no chunk 2/);
});

Deno.test("nobody else gets a byte: no target, a closed gate, a revocation, fallback off, no such blob", async () => {
  await using server = await serving({ payload: { enabled: ["-web-2", "*"] } });
  using web = await connected(server, "web-1");
  using closed = await connected(server, "web-2");
  using other = await connected(server, "db-1");
  await assert.rejects(fetch(other, { chunk: 0 }), /no active filecast for this envoy/);
  await assert.rejects(fetch(closed, { chunk: 0 }), /the gates of this envoy are closed/);
  const unknown = sha256Hex("what nobody cast");
  await assert.rejects(fetch(web, { sha256: unknown, chunk: 0 }), /no active filecast/);
  for (const sha256 of ["../../etc/passwd", SHA.toUpperCase(), ""]) {
    await assert.rejects(fetch(web, { sha256, digests: true }), /names a SHA-256/);
  }
  await assert.rejects(fetch(web, {}), /names a SHA-256, and digests or a chunk/);
  await server.fleet.manifest.revoke(SHA);
  await assert.rejects(fetch(web, { chunk: 0 }), /no active filecast/);

  await using off = await serving({ server_fallback: false });
  using late = await connected(off, "web-1");
  await assert.rejects(fetch(late, { chunk: 0 }), /swarm\.server_fallback is off/);
});

Deno.test("what the server's host lost or cut short ends with the reason", async () => {
  await using server = await serving({}, {}, CONTENT.subarray(1));
  using web = await connected(server, "web-1");
  await assert.rejects(fetch(web, { chunk: 0 }), /ended 1 bytes early/);
  await Deno.remove(server.root.join(`blobs/${SHA}`));
  await assert.rejects(fetch(web, { chunk: 0 }), /the server's own host does not hold it/);
});

Deno.test("an envoy that goes away in the middle leaves its place to others", async () => {
  const sizeBytes = 64 * 1024 * 1024;
  await using server = await serving(
    {},
    { sizeBytes, chunkSizeBytes: sizeBytes },
    new Uint8Array(sizeBytes),
  );
  using web = await connected(server, "web-1");
  const body = FetchBlobRequest.encode({ sha256: SHA, chunk: 0, count: 1 }).finish();
  const call = web.client.fetchBlob(web.sign("FetchBlob", body));
  const begun = Promise.withResolvers<void>();
  call.on("data", () => begun.resolve());
  call.on("error", () => {});
  await begun.promise;
  await assert.rejects(fetch(web, { digests: true }), /as much as it may/);
  call.cancel();
  for (;;) {
    const pieces = await fetch(web, { digests: true }).catch((error) => {
      assert.match(String(error), /as much as it may/);
    });
    if (pieces) break;
  }
});

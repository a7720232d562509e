import assert from "node:assert/strict";
import { readManifest, readSwarmState } from "../../agent/swarm/mirror.ts";
import { SwarmPaths } from "../../agent/swarm/swarm_paths.ts";
import { generateEd25519 } from "../../shared/crypto/ed25519.ts";
import { sha256Hex } from "../../shared/crypto/sha256.ts";
import { eventually } from "../support/eventually.ts";
import { findFreePort } from "../support/free_port.ts";
import { allocateLoopback } from "../support/loopback_addresses.ts";
import { TemporaryRoot } from "../support/temporary_root.ts";
import { TestEnvoy, type TestFleet } from "./swarm_envoy.ts";
import { enrolMember, TestAuthority } from "./swarm_fleet.ts";

const DAY_MS = 86_400_000;

Deno.test("an envoy that was away for eight days serves and tells nothing until it has the server's manifest", async () => {
  await using root = await TemporaryRoot.create();
  const authority = await TestAuthority.create();
  const hostnames = ["away", "reader"];
  const members = await Promise.all(hostnames.map((name) => enrolMember(authority, name)));
  const fleet: TestFleet = {
    authority,
    server: generateEd25519().signer,
    members,
    seeders: ["away"],
    discoveryPort: findFreePort(),
  };
  const places = allocateLoopback(2, findFreePort());
  const envoys = members.map((member, index) => {
    const place = places[index];
    assert.ok(place);
    const { hostname: address, port } = place;
    return new TestEnvoy({ fleet, member, folder: root.join(member.hostname), address, port });
  });
  const [away, reader] = envoys;
  assert.ok(away && reader);
  await using stack = new AsyncDisposableStack();
  stack.use(away);
  stack.use(reader);

  const content = new TextEncoder().encode("still wanted");
  const sha256 = sha256Hex(content);
  away.start();
  await away.waitReady();
  await away.seed("app.tar", content);
  await away.waitFor(sha256, "complete");
  await away.engine.stop();

  // Eight days go by.
  const { manifest } = new SwarmPaths(away.folder);
  const file = await readManifest(away.folder);
  assert.ok(file.ok);
  const longAgo = Date.now() - 8 * DAY_MS;
  await Deno.writeTextFile(
    manifest,
    JSON.stringify({ ...file.value, syncedMs: longAgo, serverMs: longAgo }),
  );
  away.start();
  reader.start();
  await Promise.all([away.waitReady(), reader.waitReady()]);
  const reason = await eventually("the envoy says that it keeps quiet", async () => {
    const state = await readSwarmState(away.folder);
    return state.ok && state.value.quiet;
  });
  assert.match(reason, /^away for 8 days/);
  reader.engine.send({ kind: "hints", peers: [{ envoyUuid: "", address: away.address }] });
  await eventually("the two have met", async () => {
    const state = await readSwarmState(away.folder);
    return state.ok && state.value.peerCount === 1;
  });
  assert.equal(await reader.blob(sha256), undefined);

  const asked = await eventually(
    "the engine asks for the server's manifest",
    () => away.events.findLast((event) => event.kind === "roster" && event.since !== ""),
  );
  assert.ok(asked.kind === "roster");
  const roster = { since: asked.since, next: "s:1", isComplete: true, entries: file.value.entries };
  away.engine.send({ kind: "checked_in", atMs: Date.now(), roster });
  await reader.waitFor(sha256, "complete");
  const state = await readSwarmState(away.folder);
  assert.ok(state.ok);
  assert.equal(state.value.quiet, undefined);
});

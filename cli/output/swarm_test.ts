import assert from "node:assert/strict";
import type { SwarmPeer, SwarmStatus } from "../../shared/rest/swarm_substrate.ts";
import { renderCleanup, renderSwarmPeers, renderSwarmStatus } from "./swarm.ts";

const AT_MS = Date.UTC(2026, 3, 23, 18, 24, 11);

const status: SwarmStatus = {
  generatedAtMs: AT_MS,
  envoysOnline: 7,
  envoysTotal: 7,
  substrateActive: 5,
  seedingEnvoys: 2,
  footprintBytes: 482e6,
  manifestActive: 12,
  manifestRevoked: 3,
  payloads: { payload: 8, gitback: 4 },
  allowlist: { implicit: "vigoserver", patterns: ["*.ci.example.com"] },
};

const peer: SwarmPeer = {
  uuid: "00000000-0000-4000-8000-000000000000",
  hostname: "danlap",
  presence: "online",
  substrate: "active",
  seeding: 2,
  cached: 14,
  downloading: 0,
  footprintBytes: 312e6,
  lastSeenMs: AT_MS,
};

Deno.test("the totals stand one below the other, then who may seed", () => {
  assert.equal(
    renderSwarmStatus(status, 0),
    `Swarm substrate — generated 2026-04-23 18:24:11

Envoys online     7 / 7
Substrate active  5
Seeding envoys    2
Fleet footprint   482 MB
Manifest entries  12 active · 3 revoked
Active payloads   8 payload · 4 gitback

Seeding allowlist
  vigoserver  (server.hostname — implicit)
  *.ci.example.com`,
  );
  assert.match(renderSwarmStatus({ ...status, payloads: {} }, 0), /^Active payloads {3}none$/m);
});

Deno.test("peers are a table with times by the reader's clock", () => {
  const idle: SwarmPeer = {
    ...peer,
    hostname: "annlap",
    presence: "offline",
    substrate: "idle",
    seeding: 0,
    cached: 0,
    footprintBytes: 0,
    lastSeenMs: null,
  };
  const answer = { generatedAtMs: AT_MS, sort: "footprint", peers: [peer, idle] };
  assert.equal(
    renderSwarmPeers(answer, 120),
    `Swarm peers — generated 2026-04-23 20:24:11 · sorted by footprint

HOSTNAME  STATUS   SUBSTRATE  SEEDING  CACHED  DOWNLOADING  FOOTPRINT  LAST SEEN
danlap    online   active     2        14      0            312 MB     2026-04-23 20:24
annlap    offline  idle       0        0       0            0 B        -`,
  );
});

Deno.test("hostile names reach the terminal without their escape sequences", () => {
  const text = renderSwarmStatus({
    ...status,
    allowlist: { implicit: "\x1b[2J", patterns: ["\x1b]0;x\x07"] },
  }, 0) +
    renderSwarmPeers({
      generatedAtMs: AT_MS,
      sort: "blobs",
      peers: [{ ...peer, hostname: "\x1b[31m" }],
    }, 0);
  assert.ok(!text.includes("\x1b"), JSON.stringify(text));
});

Deno.test("a clean-up says to whom it went and where its results are", () => {
  const plan = {
    command: "vigo swarm _apply-cleanup",
    batches: [["web-1"], ["web-2"]],
    offline: ["db-1"],
  };
  assert.equal(
    renderCleanup({ task: { id: "t-1" }, plan }, "*"),
    `Dispatched 'vigo swarm _apply-cleanup' to 2 envoy(s) matching "*".
Not connected, and so left out: db-1
Per-envoy results:
  vigocli task status t-1`,
  );
});

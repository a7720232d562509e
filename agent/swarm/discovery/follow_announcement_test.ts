import assert from "node:assert/strict";
import { sha256Hex } from "../../../shared/crypto/sha256.ts";
import type { AnnounceLine } from "../../../shared/swarm/announce_line.ts";
import type { PeerEndpoint, ProvenPeer } from "../peers/peer_registry.ts";
import { Announcer } from "./announcer.ts";
import { followAnnouncement } from "./follow_announcement.ts";

const LIVE = "a".repeat(64);
const OWN_DIGEST = sha256Hex("own");
const UNKNOWN = "b".repeat(64);
const HOME: PeerEndpoint = { address: "10.0.0.7", port: 1531 };
const PEER: ProvenPeer = {
  ...HOME,
  uuid: "peer",
  hostname: "db-1",
  fingerprint: "",
  source: "multicast",
  provenMs: 0,
  failures: 0,
};

/** Follows one datagram from {@linkcode HOME} and tells what it caused. */
function follow(lines: readonly AnnounceLine[], { isProven }: { readonly isProven: boolean }) {
  const caused: string[] = [];
  followAnnouncement({ instance: "0".repeat(16), lines: [...lines] }, HOME.address, {
    announcer: new Announcer(Math.random, 0),
    manifest: { digest: () => OWN_DIGEST, isLive: (sha256) => sha256 === LIVE },
    nowMs: 0,
    peerAt: ({ address, port }) =>
      isProven && address === HOME.address && port === HOME.port ? PEER : undefined,
    suggest: ({ address, port }) => caused.push(`dial ${address}:${port}`),
    sync: ({ hostname }) => caused.push(`sync ${hostname}`),
    claim: (sha256, { hostname }) => caused.push(`claim ${sha256.slice(0, 1)} ${hostname}`),
    isHeld: () => false,
  });
  return caused;
}

Deno.test("a stranger's datagram causes one dial, at the address it came from", () => {
  const lines: AnnounceLine[] = [
    { kind: "addr", address: "192.0.2.1", port: 99 },
    { kind: "manifest", digest: "other" },
    { kind: "have", sha256: LIVE, have: 1, total: 2 },
    { kind: "revoke", sha256: LIVE },
  ];
  assert.deepEqual(follow(lines, { isProven: false }), ["dial 10.0.0.7:99"]);
});

Deno.test("of a proven peer what differs is asked and what it holds is remembered", () => {
  const lines: AnnounceLine[] = [
    { kind: "addr", ...HOME },
    { kind: "manifest", digest: "other" },
    { kind: "have", sha256: LIVE, have: 1, total: 2 },
    { kind: "have", sha256: UNKNOWN, have: 1, total: 2 },
    { kind: "have", sha256: LIVE, have: 0, total: 2 },
  ];
  assert.deepEqual(follow(lines, { isProven: true }), ["sync db-1", "claim a db-1"]);
});

Deno.test("only a proven peer that has something answers a want in this envoy's place", () => {
  const announcer = new Announcer(() => 0.5, 0);
  announcer.take(0, { manifestDigest: OWN_DIGEST, held: [], wanted: [] });
  const hear = (have: number, isProven: boolean) =>
    followAnnouncement(
      {
        instance: "0".repeat(16),
        lines: [{ kind: "addr", ...HOME }, { kind: "have", sha256: LIVE, have, total: 2 }],
      },
      HOME.address,
      {
        announcer,
        manifest: { digest: () => OWN_DIGEST, isLive: () => true },
        nowMs: 5000,
        peerAt: () => isProven ? PEER : undefined,
        suggest: () => {},
        sync: () => {},
        claim: () => {},
        isHeld: () => true,
      },
    );
  announcer.noteInstance("0".repeat(16), 0);
  announcer.take(1000, { manifestDigest: OWN_DIGEST, held: [], wanted: [] });
  announcer.noteWant(LIVE, 5000);
  const answersMs = announcer.dueMs;
  hear(2, false);
  hear(0, true);
  assert.equal(announcer.dueMs, answersMs);
  hear(2, true);
  assert.ok(announcer.dueMs > answersMs);
});

Deno.test("a manifest with the same digest and a revocation already known cause nothing", () => {
  const lines: AnnounceLine[] = [
    { kind: "addr", ...HOME },
    { kind: "manifest", digest: OWN_DIGEST },
    { kind: "revoke", sha256: UNKNOWN },
  ];
  assert.deepEqual(follow(lines, { isProven: true }), []);
});

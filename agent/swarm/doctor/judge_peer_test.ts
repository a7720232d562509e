import assert from "node:assert/strict";
import type { DiagnosedPeer, Diagnosis } from "../diagnosis.ts";
import type { KnockOutcome } from "../peers/knock_outcome.ts";
import { SOUND, SOUND_PEER } from "./fake_diagnosis.ts";
import { judgePeer, type Trial } from "./judge_peer.ts";

function judge(changes: Partial<DiagnosedPeer>, diagnosis: Diagnosis = SOUND): string[] {
  const peer = { ...SOUND_PEER, ...changes };
  const findings = judgePeer({ ...diagnosis, peer }, undefined);
  for (const { level, remedy } of findings) assert.equal(remedy !== undefined, level === "problem");
  return findings.map(({ level, code }) => `${level} ${code}`);
}

const knocked = (outcome: KnockOutcome, detail = "") => ({ knock: { outcome, detail } });
const { reach } = SOUND_PEER;
assert.ok(reach);

Deno.test("with nothing in the way all four ways are named: TCP and UDP, there and here", () => {
  assert.deepEqual(judge({}), ["ok tcp-there", "ok tcp-here", "ok udp-there", "ok udp-here"]);
});

Deno.test("TCP that answers without an announcement means that UDP is blocked", () => {
  const unheard = { ...reach, heardAgoMs: null };
  assert.deepEqual(judge({ heardAgoMs: null, reach: unheard }), [
    "ok tcp-there",
    "ok tcp-here",
    "problem udp-blocked",
    "problem udp-unheard",
  ]);
  assert.ok(judge({ heardAgoMs: 60_000 }).includes("problem udp-blocked"));
});

Deno.test("silence means nothing before there was time to hear anything", () => {
  const young = { ...SOUND, multicast: { ...SOUND.multicast, listeningMs: 3_000 } };
  const unheard = { ...reach, heardAgoMs: null, listeningMs: 3_000 };
  assert.deepEqual(judge({ heardAgoMs: null, reach: unheard }, young), [
    "ok tcp-there",
    "ok tcp-here",
    "note udp-early",
  ]);
});

Deno.test("announcements without an answer mean that TCP is blocked, neither that the peer may be off", () => {
  const away = { reach: null, reachProblem: null };
  assert.deepEqual(judge({ ...away, ...knocked("silent") }), [
    "problem tcp-blocked",
    "ok udp-there",
  ]);
  assert.deepEqual(judge({ ...away, ...knocked("silent"), heardAgoMs: null }), [
    "problem tcp-silent",
  ]);
});

Deno.test("what answers in the peer's place is told apart", () => {
  const first = (outcome: KnockOutcome) =>
    judge({ reach: null, reachProblem: null, ...knocked(outcome, "db-1") })[0];
  assert.equal(first("refused"), "problem tcp-refused");
  assert.equal(first("other"), "problem tcp-other");
  assert.equal(first("stranger"), "problem tcp-stranger");
});

Deno.test("whatever the peer meets when it calls back is a problem here, but for an answer", () => {
  for (const outcome of ["refused", "silent", "unreachable", "other", "stranger"] as const) {
    assert.equal(judge({ reach: { ...reach, outcome } })[1], "problem tcp-here", outcome);
  }
  assert.equal(judge({ reach: null, reachProblem: "status 503" })[1], "note reach-unknown");
});

Deno.test("on another network nobody is expected to be heard", () => {
  const far = { isNear: false, heardAgoMs: null, reach: { ...reach, heardAgoMs: null } };
  assert.deepEqual(judge(far), ["ok tcp-there", "ok tcp-here", "note other-network"]);
});

Deno.test("of somebody unknown it is told what a plain connection and the ear say together", () => {
  const stranger = (heardAgoMs: number | null, outcome: Trial["outcome"]) => {
    const peer = { isKnown: false as const, asked: "10.0.0.9", heardAgoMs };
    const [finding] = judgePeer({ ...SOUND, peer }, { outcome, port: 1531 });
    assert.ok(finding?.remedy);
    return finding.code;
  };
  assert.equal(stranger(1000, "silent"), "tcp-blocked");
  assert.equal(stranger(1000, "refused"), "tcp-blocked");
  assert.equal(stranger(1000, "answered"), "unproven");
  assert.equal(stranger(null, "answered"), "unproven");
  assert.equal(stranger(null, "refused"), "nobody-listens");
  assert.equal(stranger(null, "silent"), "silent");
  assert.equal(stranger(null, "unreachable"), "silent");
  assert.equal(stranger(null, "unnamed"), "unknown-peer");
});

Deno.test("this machine is told that it is itself, by its name and by its addresses", () => {
  const [own] = SOUND.interfaces;
  assert.ok(own);
  for (
    const asked of [
      SOUND.hostname,
      SOUND.hostname.toUpperCase(),
      own.address,
      `${own.address}:1531`,
    ]
  ) {
    const peer = { isKnown: false as const, asked, heardAgoMs: null };
    const findings = judgePeer({ ...SOUND, peer }, { outcome: "unnamed", port: 1531 });
    assert.deepEqual(findings.map(({ level, code }) => `${level} ${code}`), ["note own-name"]);
  }
});

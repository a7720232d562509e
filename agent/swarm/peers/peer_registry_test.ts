import assert from "node:assert/strict";
import {
  MAX_ABSENCE_MS,
  MAX_DIALS_PER_MINUTE,
  MAX_PEERS,
  PeerRegistry,
  REDIAL_MS,
} from "./peer_registry.ts";

const identity = (uuid: string) => ({ uuid, hostname: `host-${uuid}`, fingerprint: "0" });
const endpoint = (number: number) => ({
  address: `10.0.${number >> 8}.${number & 255}`,
  port: 1531,
});

Deno.test("a flood of named addresses causes sixteen dials a minute", () => {
  const registry = new PeerRegistry();
  for (let number = 0; number < 500; number += 1) registry.suggest(endpoint(number), "multicast");
  assert.equal(registry.takeDialable(0).length, MAX_DIALS_PER_MINUTE);
  assert.equal(registry.takeDialable(REDIAL_MS - 1).length, 0);
  assert.equal(registry.takeDialable(REDIAL_MS).length, MAX_DIALS_PER_MINUTE);
});

Deno.test("an unproven address is dialled once a minute, however often it is named", () => {
  const registry = new PeerRegistry();
  registry.suggest(endpoint(1), "multicast");
  assert.equal(registry.takeDialable(0).length, 1);
  registry.suggest(endpoint(1), "multicast");
  assert.equal(registry.takeDialable(1).length, 0);
});

Deno.test("a caller with a certificate is called back without using up the limit", () => {
  const registry = new PeerRegistry();
  for (let number = 0; number < 40; number += 1) registry.suggest(endpoint(number), "inbound");
  assert.equal(registry.takeDialable(0).length, 40);
});

Deno.test("an address that was dialled within the limit still counts when it calls back before it has answered", () => {
  const registry = new PeerRegistry();
  for (let number = 0; number < 40; number += 1) registry.suggest(endpoint(number), "exchange");
  const dialled = registry.takeDialable(0);
  assert.equal(dialled.length, MAX_DIALS_PER_MINUTE);
  for (const address of dialled) registry.suggest(address, "inbound");
  assert.equal(registry.takeDialable(1).length, MAX_DIALS_PER_MINUTE, "each is called back once");
  assert.equal(registry.takeDialable(2).length, 0, "and nobody else before the minute is over");
  assert.equal(registry.takeDialable(REDIAL_MS + 1).length, MAX_DIALS_PER_MINUTE);
});

Deno.test("a caller that was heard before and had to wait is called back at once, as one that was heard", () => {
  const registry = new PeerRegistry();
  for (let number = 0; number < 40; number += 1) registry.suggest(endpoint(number), "multicast");
  registry.takeDialable(0);
  assert.equal(registry.suggest(endpoint(39), "exchange"), false);
  assert.equal(registry.suggest(endpoint(39), "inbound"), true);
  assert.equal(registry.suggest(endpoint(39), "inbound"), false);
  assert.deepEqual(registry.takeDialable(1), [
    { ...endpoint(39), source: "multicast", tries: 0 },
  ]);
});

Deno.test("an envoy that moves is known at its new address alone", () => {
  const registry = new PeerRegistry();
  assert.equal(registry.prove(identity("a"), endpoint(1), "multicast", 0), true);
  assert.equal(registry.prove(identity("a"), endpoint(1), "exchange", 1), false);
  assert.equal(registry.prove(identity("a"), endpoint(2), "exchange", 2), true);
  assert.equal(registry.at(endpoint(1)), undefined);
  assert.equal(registry.at(endpoint(2))?.uuid, "a");
});

Deno.test("an address taken over by another envoy belongs to that one", () => {
  const registry = new PeerRegistry();
  registry.prove(identity("a"), endpoint(1), "multicast", 0);
  registry.prove(identity("b"), endpoint(1), "multicast", 1);
  assert.deepEqual(registry.all().map(({ uuid }) => uuid), ["b"]);
});

Deno.test("past the limit the peer that was silent longest is forgotten", () => {
  const registry = new PeerRegistry();
  for (let number = 0; number <= MAX_PEERS; number += 1) {
    registry.prove(identity(`${number}`), endpoint(number), "multicast", number);
  }
  assert.equal(registry.size, MAX_PEERS);
  assert.equal(registry.get("0"), undefined);
});

Deno.test("a peer that keeps failing is forgotten, and one answer clears its record", () => {
  const registry = new PeerRegistry();
  registry.prove(identity("a"), endpoint(1), "multicast", 0);
  for (let time = 0; time < 7; time += 1) registry.noteFailure("a");
  registry.prove(identity("a"), endpoint(1), "multicast", 1);
  assert.equal(registry.get("a")?.failures, 0);
  for (let time = 0; time < 8; time += 1) registry.noteFailure("a");
  assert.equal(registry.size, 0);
});

const known = (uuid: string, number: number, provenMs: number) => ({
  uuid,
  hostname: `host-${uuid}`,
  ...endpoint(number),
  source: "multicast" as const,
  provenMs,
});

/** Dials whatever is due each minute; nobody answers. Answers when `number` was dialled. */
function dialInVain(registry: PeerRegistry, number: number, untilMs: number): number[] {
  const dialledMs: number[] = [];
  for (let nowMs = 0; nowMs <= untilMs; nowMs += REDIAL_MS) {
    for (const candidate of registry.takeDialable(nowMs)) {
      if (candidate.address === endpoint(number).address) dialledMs.push(nowMs);
      registry.noteUnanswered(candidate, nowMs);
    }
  }
  return dialledMs;
}

Deno.test("a peer of the last run that is away is tried ever less often, kept, and found when it is back", () => {
  const registry = new PeerRegistry();
  registry.remember(known("a", 1, 0));
  const minutes = dialInVain(registry, 1, 31 * REDIAL_MS).map((ms) => ms / REDIAL_MS);
  assert.deepEqual(minutes, [0, 1, 3, 7, 15, 31]);
  assert.deepEqual(registry.absent().map(({ uuid }) => uuid), ["a"]);
  registry.prove(identity("a"), endpoint(1), "inbound", 32 * REDIAL_MS);
  assert.deepEqual(registry.absent(), []);
  assert.equal(registry.get("a")?.source, "inbound");
});

Deno.test("a peer that was silent for a week is forgotten", () => {
  const registry = new PeerRegistry();
  registry.remember(known("a", 1, -MAX_ABSENCE_MS));
  assert.deepEqual(dialInVain(registry, 1, 10 * REDIAL_MS), [0, REDIAL_MS]);
  assert.deepEqual(registry.absent(), []);
});

Deno.test("a peer that stopped answering is looked for at its address until it is back", () => {
  const registry = new PeerRegistry();
  registry.prove(identity("a"), endpoint(1), "multicast", 0);
  for (let time = 0; time < 8; time += 1) registry.noteFailure("a");
  assert.deepEqual(registry.takeDialable(0).map(({ source }) => source), ["remembered"]);
});

Deno.test("an address that the server named is tried again a few times, one that anybody named is not", () => {
  const registry = new PeerRegistry();
  registry.suggest(endpoint(1), "server");
  registry.suggest(endpoint(2), "multicast");
  assert.equal(dialInVain(registry, 2, 0).length, 1);
  assert.equal(dialInVain(registry, 1, 600 * REDIAL_MS).length, 5);
});

Deno.test("a flood of forged addresses keeps nobody out whom the server or a certificate vouches for", () => {
  const registry = new PeerRegistry();
  for (let number = 0; number < 5000; number += 1) registry.suggest(endpoint(number), "multicast");
  assert.equal(registry.suggest(endpoint(6000), "server"), true);
  assert.equal(registry.suggest(endpoint(6001), "inbound"), true);
  const sources = registry.takeDialable(0).map(({ source }) => source);
  assert.deepEqual(sources.filter((source) => source !== "multicast"), ["server", "inbound"]);
});

Deno.test("peers of before are dialled a few at a time, and keep nobody else waiting", () => {
  const registry = new PeerRegistry();
  for (let number = 0; number < 50; number += 1) registry.remember(known(`${number}`, number, 0));
  registry.suggest(endpoint(100), "multicast");
  const sources = registry.takeDialable(0, 8).map(({ source }) => source);
  assert.equal(sources.filter((source) => source === "remembered").length, 8);
  assert.ok(sources.includes("multicast"));
});

Deno.test("a peer that comes back and calls is called back at once, though it was just tried in vain", () => {
  for (const source of ["remembered", "server", "exchange"] as const) {
    const registry = new PeerRegistry();
    if (source === "remembered") registry.remember(known("a", 1, 0));
    else registry.suggest(endpoint(1), source);
    for (const candidate of registry.takeDialable(0)) registry.noteUnanswered(candidate, 0);
    assert.equal(registry.takeDialable(1).length, 0);
    assert.equal(registry.suggest(endpoint(1), "inbound"), true);
    assert.equal(registry.takeDialable(2).length, 1, source);
    registry.suggest(endpoint(1), "inbound");
    assert.equal(registry.takeDialable(3).length, 0, "but not again and again");
    assert.equal(registry.takeDialable(REDIAL_MS + 2).length, 1);
  }
});

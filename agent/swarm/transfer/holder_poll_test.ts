import assert from "node:assert/strict";
import { HolderPoll } from "./holder_poll.ts";

function candidate(name: string, address = "10.0.0.1") {
  return { uuid: name, hostname: name, address, port: 1531 };
}

function asked(poll: HolderPoll, nowMs: number, ...names: readonly string[]): string[] {
  poll.follow(names.map((name) => candidate(name)), () => false);
  return poll.take(nowMs).map(({ uuid }) => uuid);
}

Deno.test("a peer is asked at once, and not twice at the same time", () => {
  const poll = new HolderPoll(0);
  assert.deepEqual(asked(poll, 0, "a"), ["a"]);
  assert.deepEqual(asked(poll, 60_000, "a"), []);
  poll.noteAnswered("a");
  assert.deepEqual(asked(poll, 60_000, "a"), ["a"]);
});

Deno.test("a peer that had nothing is asked again soon at first, later less often", () => {
  const poll = new HolderPoll(0);
  asked(poll, 0, "a");
  poll.noteAnswered("a");
  assert.deepEqual(asked(poll, 399, "a"), []);
  assert.deepEqual(asked(poll, 5000, "a"), ["a"]);
  poll.noteAnswered("a");
  assert.deepEqual(asked(poll, 6999, "a"), []);
  assert.deepEqual(asked(poll, 7000, "a"), ["a"]);
});

Deno.test("a complete peer rests half a minute unless somebody says it has news", () => {
  const poll = new HolderPoll(0);
  asked(poll, 0, "a");
  poll.noteHeld("a", { count: 4, isFull: true }, 0);
  poll.noteAnswered("a");
  assert.deepEqual(poll.holders, ["a"]);
  assert.deepEqual(asked(poll, 29_999, "a"), []);
  poll.hasten("a", 100);
  assert.deepEqual(asked(poll, 100, "a"), ["a"]);
  poll.noteHeld("a", { count: 4, isFull: true }, 100);
  poll.noteAnswered("a");
  assert.deepEqual(asked(poll, 200, "a"), []);
  poll.noteHeld("a", { count: 3, isFull: false }, 200);
  assert.deepEqual(asked(poll, 450, "a"), ["a"], "one that lost a chunk is complete no more");
});

Deno.test("no more than eight peers are asked at once, and the others have their turn after", () => {
  const poll = new HolderPoll(0);
  const names = Array.from({ length: 10 }, (_, index) => `peer-${index}`);
  assert.equal(asked(poll, 0, ...names).length, 8);
  poll.noteAnswered("peer-0");
  assert.deepEqual(asked(poll, 0, ...names), ["peer-8"]);
});

Deno.test("a peer that moved is asked at its new address", () => {
  const poll = new HolderPoll(0);
  asked(poll, 0, "a");
  poll.noteHeld("a", { count: 4, isFull: true }, 0);
  poll.noteAnswered("a");
  poll.follow([candidate("a", "10.0.0.9")], () => false);
  const [question] = poll.take(1);
  assert.deepEqual(question?.endpoint, { address: "10.0.0.9", port: 1531 });
  assert.deepEqual(poll.holders, []);
});

Deno.test("the more peers there are, the less often each is asked", () => {
  const poll = new HolderPoll(0);
  assert.equal(poll.intervalMs, 250);
  asked(poll, 0, ...Array.from({ length: 10 }, (_, index) => `peer-${index}`));
  assert.equal(poll.intervalMs, 1000);
  asked(poll, 0, ...Array.from({ length: 30 }, (_, index) => `more-${index}`));
  assert.equal(poll.intervalMs, 3000);
});

Deno.test("of a thousand peers a few dozen are followed, those that hold something longest", () => {
  const poll = new HolderPoll(0);
  const batch = (round: number) =>
    Array.from({ length: 48 }, (_, index) => candidate(`peer-${round}-${index}`));
  for (let round = 0; round < 20; round++) {
    poll.follow(batch(round), (uuid) => uuid === "peer-0-0");
    for (const { uuid } of poll.take(round)) {
      poll.noteHeld(uuid, { count: 1, isFull: false }, round);
      poll.noteAnswered(uuid);
    }
    assert.ok(poll.followed <= 48);
    assert.ok(poll.follows("peer-0-0"), "one that delivers is never let go");
  }
  assert.ok(poll.holders.length >= 40);
});

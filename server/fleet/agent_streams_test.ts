import assert from "node:assert/strict";
import { Refusal_Reason, type ServerMessage } from "../../shared/proto/agent.ts";
import { AgentStreams, type StreamChannel } from "./agent_streams.ts";
import type { RequestRefusal } from "./refusals.ts";

class FakeChannel implements StreamChannel {
  readonly sent: ServerMessage[] = [];
  closedWith: RequestRefusal | "nothing" | undefined;

  send(message: ServerMessage): boolean {
    this.sent.push(message);
    return this.closedWith === undefined;
  }

  close(refusal?: RequestRefusal): void {
    this.closedWith = refusal ?? "nothing";
  }

  get pings(): number[] {
    return this.sent.flatMap(({ ping }) => ping ? [ping.token] : []);
  }
}

function registry() {
  const clock = { nowMs: 0 };
  const streams = new AgentStreams(() => clock.nowMs);
  return { clock, streams, [Symbol.dispose]: () => streams.stop() };
}

Deno.test("a stream that answers its pings stays open; one that does not is closed", () => {
  using fake = registry();
  const { clock, streams } = fake;
  const alive = new FakeChannel(), dead = new FakeChannel();
  streams.open("alive", alive);
  streams.open("dead", dead);
  for (let minute = 1; minute <= 5; minute++) {
    clock.nowMs += 60_000;
    streams.tick();
    for (const token of alive.pings.slice(-1)) streams.notePong("alive", token);
  }
  assert.equal(alive.closedWith, undefined);
  assert.ok(alive.pings.length >= 4);
  assert.equal(dead.closedWith, "nothing");
  assert.deepEqual([streams.has("alive"), streams.has("dead")], [true, false]);
});

Deno.test("the pong of an earlier ping answers nothing", () => {
  using fake = registry();
  const { clock, streams } = fake;
  const channel = new FakeChannel();
  streams.open("a", channel);
  clock.nowMs += 60_000;
  streams.tick();
  streams.notePong("a", (channel.pings[0] ?? 0) + 1);
  clock.nowMs += 60_000;
  streams.tick();
  assert.equal(channel.closedWith, "nothing");
});

Deno.test("the end of a replaced stream does not end the one that replaced it", () => {
  using fake = registry();
  const { streams } = fake;
  const first = new FakeChannel(), second = new FakeChannel();
  streams.open("a", first);
  streams.open("a", second);
  assert.equal(first.closedWith, "nothing");
  streams.forget("a", first);
  assert.equal(streams.send("a", { push: { reason: "", force: false } }), true);
  assert.equal(second.sent.length, 1);
});

Deno.test("a closed envoy is told why, and gets nothing more", () => {
  using fake = registry();
  const { streams } = fake;
  const channel = new FakeChannel();
  streams.open("a", channel);
  const refusal = { reason: Refusal_Reason.REVOKED, message: "revoked" };
  streams.close("a", refusal);
  assert.equal(channel.closedWith, refusal);
  assert.equal(streams.send("a", { push: { reason: "", force: false } }), false);
});

Deno.test("a pong that was guessed by counting pings answers nothing", () => {
  using fake = registry();
  const { clock, streams } = fake;
  const channel = new FakeChannel();
  streams.open("a", channel);
  clock.nowMs += 60_000;
  streams.tick();
  for (let guess = 0; guess < 100; guess++) streams.notePong("a", guess);
  clock.nowMs += 60_000;
  streams.tick();
  assert.equal(channel.closedWith, "nothing");
});

import assert from "node:assert/strict";
import { generateEd25519, loadVerifier } from "../../shared/crypto/ed25519.ts";
import type { AgentMessage, ServerMessage, SignedRequest } from "../../shared/proto/agent.ts";
import { FakeClock } from "../runtime/fake_clock.ts";
import { fakeGateway } from "./fake_gateway.ts";
import { fakeLog } from "../runtime/fake_log.ts";
import type { StreamHandlers } from "./server_gateway.ts";
import { SignedCaller } from "./signed_caller.ts";
import { StreamKeeper } from "./stream_keeper.ts";

function setUp(random = () => 0.5) {
  const clock = new FakeClock();
  const streams: { hello: SignedRequest; handlers: StreamHandlers; sent: AgentMessage[] }[] = [];
  const heard: ServerMessage[] = [];
  const signer = generateEd25519().signer;
  let opened = 0;
  const gateway = fakeGateway({
    openStream: (hello, handlers) => {
      const sent: AgentMessage[] = [];
      streams.push({ hello, handlers, sent });
      return { send: (message) => sent.push(message), close: () => handlers.onEnd(undefined) };
    },
  });
  const keeper = new StreamKeeper({
    gateway,
    caller: new SignedCaller({
      gateway,
      envoyUuid: crypto.randomUUID(),
      signer,
      serverVerifier: loadVerifier(signer.publicKey),
      clockOffsetMs: 0,
      nowMs: () => clock.nowMs(),
      onClockOffset: () => {},
    }),
    clock,
    log: fakeLog(),
    agentVersion: "0.0.0",
    random,
    onOpen: () => opened++,
    onMessage: (message) => heard.push(message),
  });
  return { keeper, clock, streams, heard, opened: () => opened };
}

const WELCOME: ServerMessage = { welcome: { serverTimeMs: 1 } };

Deno.test("a stream says hello, answers pings, and hands on what it is told", async () => {
  const { keeper, streams, heard, opened } = setUp();
  const stop = new AbortController();
  const running = keeper.run(stop.signal);
  assert.equal(streams[0]?.hello.method, "AgentStream");
  assert.equal(keeper.send({ pong: { token: 1 } }), false, "nothing is sent before the welcome");
  streams[0]?.handlers.onMessage(WELCOME);
  assert.equal(opened(), 1);
  streams[0]?.handlers.onMessage({ ping: { token: 7 } });
  streams[0]?.handlers.onMessage({ push: { reason: "now", force: true } });
  assert.deepEqual(streams[0]?.sent, [{ pong: { token: 7 } }]);
  assert.deepEqual(heard, [{ push: { reason: "now", force: true } }]);
  stop.abort();
  await running;
  assert.equal(keeper.isOpen, false);
});

Deno.test("a stream that ends is opened again, after a pause that grows while it is refused", async () => {
  const { keeper, clock, streams } = setUp();
  const stop = new AbortController();
  const running = keeper.run(stop.signal);
  streams[0]?.handlers.onMessage(WELCOME);
  streams[0]?.handlers.onEnd({ message: "reset", clockSuspected: false });
  await clock.settle();
  await clock.advance(2_500);
  assert.equal(streams.length, 2);
  for (let i = 0; i < 4; i++) {
    streams.at(-1)?.handlers.onEnd({ message: "refused", clockSuspected: false });
    await clock.settle();
    await clock.advance(1_000 * 2 ** (i + 1));
  }
  const before = streams.length;
  streams.at(-1)?.handlers.onEnd({ message: "refused", clockSuspected: false });
  await clock.settle();
  await clock.advance(1_000);
  assert.equal(streams.length, before, "after many refusals a second is too short");
  stop.abort();
  await running;
});

Deno.test("agents that lose a server which restarts come back one after the other, all of them within five seconds", async () => {
  const returnedMs: number[] = [];
  for (let agent = 0; agent < 10; agent++) {
    const { keeper, clock, streams } = setUp(() => agent / 10);
    const stop = new AbortController();
    const running = keeper.run(stop.signal);
    streams[0]?.handlers.onMessage(WELCOME);
    // Answers while the stream is open say nothing of how it ends.
    keeper.noteAnswer();
    streams[0]?.handlers.onEnd(undefined);
    const endedMs = clock.nowMs();
    await clock.settle();
    while (streams.length < 2) await clock.advance(250);
    returnedMs.push(clock.nowMs() - endedMs);
    stop.abort();
    await running;
  }
  assert.ok(Math.max(...returnedMs) <= 5_000, String(returnedMs));
  // In no half of a second come more than two of the ten.
  for (let fromMs = 0; fromMs < 5_000; fromMs += 500) {
    const came = returnedMs.filter((ms) => ms >= fromMs && ms < fromMs + 500);
    assert.ok(came.length <= 2, String(returnedMs));
  }
});

Deno.test("an answered check-in ends the pause of a stream, since the server is there", async () => {
  const { keeper, clock, streams } = setUp();
  const stop = new AbortController();
  const running = keeper.run(stop.signal);
  for (let refusal = 0; refusal < 10; refusal++) {
    streams.at(-1)?.handlers.onEnd({ message: "refused", clockSuspected: false });
    await clock.settle();
    await clock.advance(60_000);
  }
  streams.at(-1)?.handlers.onEnd({ message: "refused", clockSuspected: false });
  await clock.settle();
  const before = streams.length;
  keeper.noteAnswer();
  await clock.settle();
  assert.equal(streams.length, before + 1);
  streams.at(-1)?.handlers.onEnd({ message: "refused", clockSuspected: false });
  await clock.settle();
  await clock.advance(1_000);
  assert.equal(streams.length, before + 2, "and what it refused before does not count any more");
  stop.abort();
  await running;
});

import assert from "node:assert/strict";
import { generateEd25519, loadVerifier } from "../../shared/crypto/ed25519.ts";
import type { AgentMessage, ServerMessage, SignedRequest } from "../../shared/proto/agent.ts";
import { FakeClock } from "./fake_clock.ts";
import { fakeGateway } from "./fake_gateway.ts";
import { fakeLog } from "./fake_log.ts";
import type { StreamHandlers } from "./server_gateway.ts";
import { SignedCaller } from "./signed_caller.ts";
import { StreamKeeper } from "./stream_keeper.ts";

function setUp() {
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
    random: () => 0.5,
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
  await clock.advance(1_000);
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

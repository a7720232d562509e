import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { once } from "node:events";
import { Duplex } from "node:stream";
import { getLogger } from "@logtape/logtape";
import { AgentMessage, RunHeartbeat, type ServerMessage } from "../../shared/proto/agent.ts";
import { envoyRecord } from "../store/envoy_fixture.ts";
import { MAX_UNSENT_BYTES, serveAgentStream } from "./agent_stream.ts";
import { AgentStreams } from "../fleet/agent_streams.ts";
import { EnvoyState } from "../fleet/envoy_state.ts";

const UUID = crypto.randomUUID();

/** A stream as gRPC hands it over, whose agent reads only when it is told to. */
class FakeCall extends Duplex {
  readonly written: ServerMessage[] = [];
  refusal = "";
  isEnded = false;
  #confirm: (() => void) | undefined;

  constructor(readonly isReading: boolean) {
    super({ objectMode: true });
    // As gRPC does: an error becomes the status that the stream ends with.
    this.on("error", ({ message }) => {
      this.refusal = message;
      this.end();
    });
  }

  override _read(): void {}

  override _write(message: ServerMessage, _encoding: string, confirm: () => void): void {
    this.written.push(message);
    if (this.isReading) confirm();
    else this.#confirm = confirm;
  }

  override _final(done: () => void): void {
    this.isEnded = true;
    done();
  }

  /** Reads one message. */
  readOne(): void {
    const confirm = this.#confirm;
    this.#confirm = undefined;
    confirm?.();
  }

  say(message: Partial<AgentMessage>): void {
    this.push(AgentMessage.fromPartial(message));
  }
}

function serve({ isReading = true, helloDeadlineMs = 60_000 } = {}) {
  const clock = { nowMs: 0 };
  const now = () => clock.nowMs;
  const streams = new AgentStreams(now);
  const call = new FakeCall(isReading);
  const state = new EnvoyState(envoyRecord({ uuid: UUID }));
  const received = { count: 0 };
  const heartbeats: RunHeartbeat[] = [];
  /** What was told of tasks. */
  const told: string[] = [];
  serveAgentStream(call, {
    streams,
    manifest: {
      digest: () => new Uint8Array(32),
      nextPage: () => [],
      page: () => ({ next: "", isComplete: true, entries: [] }),
      begin: () => {},
      receive: () => Promise.resolve(void (received.count += 1)),
    },
    progress: { receive: () => {} },
    queues: { greet: () => Promise.resolve() },
    runs: { noteHeartbeat: (_state, heartbeat) => void heartbeats.push(heartbeat) },
    tasks: {
      noteStream: (uuid) => void told.push(`stream ${uuid}`),
      noteStarted: (_uuid, id) => void told.push(`started ${id}`),
      noteOutput: (_uuid, { taskId }) => void told.push(`output ${taskId}`),
      noteResult: (_uuid, { taskId, verdict }) => {
        told.push(`result ${taskId}`);
        return Promise.resolve(verdict !== "");
      },
    },
    now,
    logger: getLogger("test"),
    helloDeadlineMs,
    verifyHello: () => Promise.resolve({ ok: true, state }),
  });
  /** Says hello, and waits until the stream is open. */
  const greet = async () => {
    call.say({ hello: AgentMessage.fromPartial({ hello: {} }).hello });
    while (!streams.has(UUID)) await new Promise((settle) => setImmediate(settle));
  };
  return {
    call,
    clock,
    streams,
    received,
    heartbeats,
    told,
    greet,
    [Symbol.dispose]: () => {
      streams.stop();
      call.destroy();
    },
  };
}

const manifestOf = (bytes: number) => ({ manifest: { entries: [Buffer.alloc(bytes)] } });
const turn = () => new Promise((settle) => setImmediate(settle));

Deno.test("what a stream says of tasks is told with whose it is, and what cannot be a result ends it", async () => {
  using agent = serve();
  await agent.greet();
  assert.deepEqual(agent.told, [`stream ${UUID}`], "it is known to be there, before it asks");
  const taskId = "t0000000001";
  agent.call.say({ taskStarted: { taskId } });
  agent.call.say({ taskOutput: { taskId, stream: 1, offset: 0, data: Buffer.from("x") } });
  const result = { taskId, durationMs: 1, reason: "", stdout: undefined, stderr: undefined };
  agent.call.say({ taskResult: { ...result, verdict: "complete", exitCode: 0 } });
  agent.call.say({ taskResult: { ...result, verdict: "", exitCode: 0 } });
  while (!agent.call.isEnded) await new Promise((settle) => setImmediate(settle));
  assert.deepEqual(agent.told.slice(1), [
    `started ${taskId}`,
    `output ${taskId}`,
    `result ${taskId}`,
    `result ${taskId}`,
  ]);
  assert.match(agent.call.refusal, /cannot be one/);
});

Deno.test("an agent that does not read is let go once too many bytes wait for it, and they with it", async () => {
  using rig = serve({ isReading: false });
  await rig.greet();
  const quarter = MAX_UNSENT_BYTES / 4;
  for (let sent = 0; sent < 3; sent++) {
    assert.equal(rig.streams.send(UUID, manifestOf(quarter)), true);
  }
  assert.equal(rig.streams.send(UUID, manifestOf(quarter)), false);
  assert.equal(rig.streams.has(UUID), false);
  assert.match(rig.call.refusal, /wait for this agent/);
  rig.call.readOne();
  await turn();
  assert.equal(rig.call.isEnded, true);
  assert.equal(rig.call.written.length, 1, "nothing follows what was under way");
});

Deno.test("an agent that reads in time may be sent any amount, in order", async () => {
  using rig = serve();
  await rig.greet();
  const pieces = 12;
  for (let piece = 1; piece <= pieces; piece++) {
    assert.equal(rig.streams.send(UUID, manifestOf(MAX_UNSENT_BYTES / 4 + piece)), true);
    await turn();
  }
  const sizes = rig.call.written.slice(1).map(({ manifest }) => manifest?.entries[0]?.length);
  assert.deepEqual(
    sizes,
    Array.from({ length: pieces }, (_, index) => MAX_UNSENT_BYTES / 4 + index + 1),
  );
});

Deno.test("an agent that sends more messages than its allowance is cut off, and earns it back with time", async () => {
  using rig = serve();
  await rig.greet();
  for (let turnOf = 0; turnOf < 3; turnOf++) {
    for (let sent = 0; sent < 20; sent++) rig.call.say(manifestOf(1));
    await turn();
    rig.clock.nowMs += 1_000;
  }
  assert.equal(rig.call.refusal, "");
  for (let sent = 0; sent < 101; sent++) rig.call.say(manifestOf(1));
  await turn();
  assert.match(rig.call.refusal, /more than 20 messages a second/);
  assert.equal(rig.received.count, 160);
  assert.equal(rig.streams.has(UUID), false);
});

Deno.test("a stream on which nobody says hello is closed", async () => {
  using rig = serve({ helloDeadlineMs: 1 });
  await once(rig.call, "error").catch(() => {});
  assert.match(rig.call.refusal, /no hello within 1 ms/);
  assert.equal(rig.streams.size, 0);
});

Deno.test("what a pushed run came to is heard down the stream, and one of no policy ends it", async () => {
  using rig = serve();
  await rig.greet();
  const heartbeat = RunHeartbeat.fromPartial({ serial: 7, root: Buffer.alloc(32) });
  rig.call.say({ heartbeat });
  await turn();
  assert.deepEqual(rig.heartbeats.map(({ serial }) => serial), [7]);
  rig.call.say({ heartbeat: RunHeartbeat.fromPartial({ serial: 8 }) });
  await turn();
  assert.match(rig.call.refusal, /without the root/);
  assert.equal(rig.heartbeats.length, 1);
});

import assert from "node:assert/strict";
import { describeVerdict } from "../../shared/poolq/chain.ts";
import { generateEd25519 } from "../../shared/crypto/ed25519.ts";
import { nextMessage, signedLog } from "../../shared/poolq/log_fixture.ts";
import { type Message, messageId } from "../../shared/poolq/message.ts";
import { topicId } from "../../shared/poolq/topic.ts";
import { deliver, type Delivered, type Wanted } from "./deliver.ts";
import type { FleetRange } from "./fleet_view.ts";
import { FakeFleet } from "./post_fixture.ts";

const { signer } = generateEd25519();
const founder = signer.publicKey.toHex() as FleetRange["founder"];
const id = topicId(founder, "build-tasks");
const log = signedLog(signer, 25);
const last = log.at(-1);
assert.ok(last);

interface Read extends Delivered {
  readonly shown: readonly number[];
  readonly notices: readonly string[];
  readonly pieces: number;
}

/** Reads from a fleet that hands out `messages`, some at a time. */
async function read(
  messages: readonly Message[],
  wanted: Partial<Wanted> = {},
  range: Partial<FleetRange> = {},
  atOnce = 7,
): Promise<Read> {
  const fleet = new FakeFleet();
  fleet.ranges = (from, limit) => ({
    topicId: id,
    name: "build-tasks",
    founder,
    firstSeq: 1,
    headSeq: messages.at(-1)?.seq ?? 0,
    headId: messageId(messages.at(-1) ?? log[0] as Message),
    count: messages.length,
    writer: "danlap",
    blocked: false,
    source: "server",
    delegations: [],
    equivocation: null,
    ...range,
    messages: messages.filter(({ seq }) => seq >= from).slice(0, Math.min(limit, atOnce)),
  });
  const shown: number[] = [], notices: string[] = [];
  let pieces = 0;
  const delivered = await deliver(fleet, {
    topicId: id,
    after: { seq: 0 },
    limit: Infinity,
    skipBad: false,
    ...wanted,
  }, {
    messages: (some) => {
      shown.push(...some.map(({ message }) => message.seq));
      pieces += 1;
      return Promise.resolve();
    },
    notice: (text) => notices.push(text),
  });
  return { ...delivered, shown, notices, pieces };
}

const upTo = (count: number) => Array.from({ length: count }, (_, index) => index + 1);

Deno.test("a topic is read piece by piece up to its head, and the reader is where it ended", async () => {
  const { shown, position, problem, pieces } = await read(log);
  assert.deepEqual(shown, upTo(25));
  assert.deepEqual(position, { seq: 25, id: messageId(last) });
  assert.equal(problem, undefined);
  assert.ok(pieces > 1);
});

Deno.test("a limit is kept, and the reader goes on after it", async () => {
  for (const limit of [1, 6, 7, 8, 24, 25]) {
    const first = await read(log, { limit });
    assert.deepEqual(first.shown, upTo(limit), `limit ${limit}`);
    const rest = await read(log, { after: first.position });
    assert.deepEqual([...first.shown, ...rest.shown], upTo(25), `limit ${limit}`);
  }
});

Deno.test("at its end a reader gets nothing, and stays where it is", async () => {
  const { shown, position, count } = await read(log, { after: { seq: 25 } });
  assert.deepEqual([shown, position, count], [[], { seq: 25 }, 0]);
});

Deno.test("what aged out is said once, and reading begins with what is kept", async () => {
  const { shown, notices } = await read(log.slice(16), {}, { firstSeq: 17 });
  assert.deepEqual(notices, ["seq 1–16 aged out"]);
  assert.equal(shown[0], 17);
});

Deno.test("a refused message stops the reader before it; asked to, it goes on behind it", async () => {
  const bad = log.with(4, { ...log[4] as Message, body: "altered" });
  const stopped = await read(bad);
  assert.deepEqual(stopped.shown, upTo(4));
  assert.equal(stopped.position.seq, 4);
  assert.match(
    stopped.problem ? describeVerdict(stopped.problem) ?? "" : "",
    /^seq 5 refused: its sig/,
  );
  const past = await read(bad, { skipBad: true });
  assert.deepEqual(past.shown, upTo(25).toSpliced(4, 1));
  assert.match(past.notices.join(), /^seq 5 refused/);
});

Deno.test("a gap stops the reader, and so do announced messages that nobody hands out", async () => {
  const gap = await read(log.toSpliced(16, 1));
  assert.deepEqual(gap.shown, upTo(16));
  assert.deepEqual(gap.problem, { kind: "missing", fromSeq: 17, toSeq: 17 });
  const ahead = await read(log, {}, { headSeq: 30 });
  assert.equal(ahead.position.seq, 25);
  assert.deepEqual(ahead.problem, { kind: "missing", fromSeq: 26, toSeq: 30 });
});

Deno.test("equivocation stops every reader, also one that goes past bad messages", async () => {
  const fork = nextMessage(signer, log[8] as Message, { body: "another" });
  for (const skipBad of [false, true]) {
    const { shown, problem } = await read(log.toSpliced(10, 0, fork), { skipBad }, {}, 100);
    assert.deepEqual(shown, upTo(9));
    assert.ok(problem?.kind === "equivocation");
    assert.deepEqual([problem.seq, problem.author], [10, founder]);
  }
});

Deno.test("a reader that knows what it read last finds out that the past was changed", async () => {
  const after = { seq: 5, id: messageId(log[0] as Message) };
  const { shown, problem } = await read(log, { after });
  assert.deepEqual(shown, []);
  assert.equal(problem?.kind, "equivocation");
});

Deno.test("equivocation that the daemon knows of is told where the messages end", async () => {
  const equivocation = { seq: 26, author: founder, ids: ["aa", "bb"] as [string, string] };
  const { shown, problem } = await read(log, {}, { equivocation });
  assert.deepEqual(shown, upTo(25));
  assert.deepEqual(problem, { kind: "equivocation", ...equivocation });
});

Deno.test("a fleet that answers with anything but what was asked for keeps no reader busy for ever", async () => {
  const same = { messages: [] as FleetRange["messages"], headSeq: 99 };
  const fleet = new FakeFleet();
  let asked = 0;
  fleet.ranges = () => {
    asked += 1;
    return {
      topicId: id,
      name: "build-tasks",
      founder,
      firstSeq: 1,
      headId: messageId(last),
      count: 1,
      writer: "x",
      blocked: false,
      source: "peer",
      delegations: [],
      equivocation: null,
      ...same,
      messages: [log[0] as unknown as Record<string, unknown>],
    };
  };
  const { problem } = await deliver(
    fleet,
    { topicId: id, after: { seq: 0 }, limit: Infinity, skipBad: true },
    { messages: () => Promise.resolve(), notice: () => {} },
  );
  assert.equal(problem, undefined);
  assert.ok(asked < 5, `${asked}`);
});

Deno.test("a topic that nobody knows has nothing to read", async () => {
  const wanted = { topicId: id, after: { seq: 0 }, limit: 1, skipBad: false };
  const { isUnknown, count } = await deliver(new FakeFleet(), wanted, {
    messages: () => Promise.reject(new Error("nothing was there")),
    notice: () => {},
  });
  assert.deepEqual([isUnknown, count], [true, 0]);
});

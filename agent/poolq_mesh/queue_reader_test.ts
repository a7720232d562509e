import assert from "node:assert/strict";
import { fleetDocument } from "../../shared/config/document_fixture.ts";
import { generateEd25519 } from "../../shared/crypto/ed25519.ts";
import { nextMessage, signedAppointment, signedLog } from "../../shared/poolq/log_fixture.ts";
import { type Message, messageId } from "../../shared/poolq/message.ts";
import { topicId } from "../../shared/poolq/topic.ts";
import { type Delegation, signDelegation } from "../../shared/puddle/delegation.ts";
import { fakeLog } from "../runtime/fake_log.ts";
import type { QueueQuestion, QueueRange, SaidByPeer } from "./queue_answer.ts";
import { QueueReader } from "./queue_reader.ts";
import { QueueStore } from "./queue_store.ts";
import { TopicIntake } from "./topic_intake.ts";

/** What somebody who holds these messages answers. */
function rangeOf(log: readonly Message[], { from }: QueueQuestion): QueueRange {
  const [first] = log;
  const last = log.at(-1);
  assert.ok(first && last);
  return {
    topicId: topicId(first.founder_pubkey, first.topic_name),
    name: first.topic_name,
    founder: first.founder_pubkey,
    firstSeq: first.seq,
    headSeq: last.seq,
    headId: messageId(last),
    count: log.length,
    writer: "web-1",
    appointment: null,
    blocked: false,
    equivocation: null,
    messages: log.filter(({ seq }) => seq >= (from ?? 1)),
    delegations: [],
  };
}

function setUp() {
  const store = QueueStore.open(":memory:");
  /** What the server and each peer hold. */
  const server: { log?: readonly Message[] } = {};
  const peers = Object.assign(new Map<string, readonly Message[]>(), {
    delegations: new Array<Delegation>(),
  });
  const asked: string[] = [];
  let fleet = fleetDocument();
  const state = { isLive: false };
  const reader = new QueueReader({
    store,
    server: {
      topics: () => Promise.resolve(undefined),
      head: () => Promise.resolve(undefined),
      range: (question) => {
        asked.push("server");
        return Promise.resolve(server.log && rangeOf(server.log, question));
      },
    },
    hostname: () => "web-2",
    log: fakeLog(),
    nowMs: () => 0,
    fleet: () => fleet,
    isLive: () => state.isLive,
    askPeers: async function* (question): AsyncGenerator<SaidByPeer> {
      for (const [hostname, log] of peers) {
        asked.push(hostname);
        await Promise.resolve();
        const { delegations } = peers;
        yield { hostname, text: JSON.stringify({ ...rangeOf(log, question), delegations }) };
      }
    },
  });
  const block = (topic: string, ...blockedKeys: string[]) => {
    fleet = fleetDocument({ poolq: { ...fleet.poolq, blockedTopics: [topic], blockedKeys } });
  };
  return { store, server, peers, asked, state, reader, block };
}

/** The seqs of an answer, and where it comes from. */
async function read(reader: QueueReader, id: string, from = 1) {
  const answer = await reader.range(id, from, 1_000);
  if (!answer.ok) return answer.message;
  return [answer.range.source, ...answer.range.messages.map(({ seq }) => seq)];
}

Deno.test("what was read once is held, and only what came since is asked for", async () => {
  const { reader, server, state, asked, store } = setUp();
  const log = signedLog(generateEd25519().signer, 5);
  const id = rangeOf(log, { topicId: "", from: 1, limit: 1 }).topicId;
  state.isLive = true;
  server.log = log.slice(0, 3);
  assert.deepEqual(await read(reader, id), ["server", 1, 2, 3]);
  const head = rangeOf(log.slice(0, 3), { topicId: id, from: 1, limit: 1 });
  store.claim([head]);
  assert.deepEqual(await read(reader, id), ["local", 1, 2, 3]);
  assert.deepEqual(asked, ["server"]);
  server.log = log;
  store.claim([rangeOf(log, { topicId: id, from: 1, limit: 1 })]);
  assert.deepEqual(await read(reader, id), ["local", 1, 2, 3, 4, 5]);
  assert.equal(asked.length, 2);
});

Deno.test("without the server peers are asked, and one that lies is passed over", async () => {
  const { reader, peers, store } = setUp();
  const { signer } = generateEd25519();
  const log = signedLog(signer, 3);
  const [first] = log;
  assert.ok(first);
  const id = rangeOf(log, { topicId: "", from: 1, limit: 1 }).topicId;
  assert.match(
    String(await read(reader, id)),
    /No envoy that answers knows that topic, and the server does not answer/,
  );
  peers.set("liar", [{ ...first, body: "changed" }]);
  peers.set("web-1", log);
  assert.deepEqual(await read(reader, id), ["peer web-1", 1, 2, 3]);
  assert.equal(store.topic(id)?.headSeq, 3);
});

Deno.test("of a peer's range what is proven is kept, and nothing behind the first message that is not", async () => {
  const { reader, peers, store } = setUp();
  const { signer } = generateEd25519();
  const [first, second] = signedLog(signer, 2);
  assert.ok(first && second);
  const id = topicId(first.founder_pubkey, first.topic_name);
  peers.set("web-1", [first, { ...second, body: "changed" }, nextMessage(signer, second)]);
  assert.deepEqual(await read(reader, id), ["peer web-1", 1]);
  assert.equal(store.topic(id)?.headSeq, 1);
});

Deno.test("what is blocked is neither shown nor handed to peers, and comes back", async () => {
  const { reader, peers, block } = setUp();
  const log = signedLog(generateEd25519().signer, 2);
  const question = { topicId: topicId(log[0]?.founder_pubkey ?? "", "build-tasks"), limit: 10 };
  peers.set("web-1", log);
  await read(reader, question.topicId);
  assert.equal(reader.answerPeer({ ...question, from: 1 }).status, 200);
  block(question.topicId);
  assert.equal(
    await read(reader, question.topicId),
    `The topic ${question.topicId} is blocked by the fleet's admin. Whoever looks after the fleet lifts it: vigocli swarm poolq unblock ${question.topicId}`,
  );
  const key = log[0]?.founder_pubkey ?? "";
  block("", key);
  assert.match(
    String(await read(reader, question.topicId)),
    new RegExp(`^The key ${key} is blocked .* unblock --key ${key}$`),
  );
  assert.equal(reader.answerPeer({ ...question, from: 1 }).status, 403);
  const { topics } = await reader.topics();
  assert.deepEqual(topics.map(({ blocked }) => blocked), [true]);
  block("");
  assert.deepEqual(await read(reader, question.topicId), ["local", 1, 2]);
});

Deno.test("a peer is told of what is held and of nothing else", () => {
  const { reader, asked } = setUp();
  const question = { topicId: "ab".repeat(32), from: 1, limit: 10 };
  assert.equal(reader.answerPeer(question).status, 404);
  assert.deepEqual(asked, []);
});

Deno.test("a key that is blocked ends what is shown of a topic that it took over", async () => {
  const { reader, peers, block } = setUp();
  const { signer: old } = generateEd25519(), { signer: young } = generateEd25519();
  const log = signedLog(old, 2);
  const head = log.at(-1);
  assert.ok(head);
  const id = topicId(head.founder_pubkey, head.topic_name);
  const author = young.publicKey.toHex() as Message["author_pubkey"];
  const delegation = signDelegation({ oldSigner: old, newSigner: young }, {
    issuedAtMs: 1,
    heads: [{ topicId: id, seq: 2, msgId: messageId(head) }],
  });
  const all = [...log, nextMessage(young, head, { author_pubkey: author })];
  peers.set("web-1", all);
  peers.delegations.push(delegation);
  assert.deepEqual(await read(reader, id), ["peer web-1", 1, 2, 3]);
  block("", author);
  assert.deepEqual(await read(reader, id), ["local", 1, 2]);
});

Deno.test("a topic that nobody knows is told apart from one that nobody hands out", async () => {
  const { reader, state, store } = setUp();
  const log = signedLog(generateEd25519().signer, 1);
  const question = { topicId: "", from: 1, limit: 1 };
  const { topicId: id } = rangeOf(log, question);
  state.isLive = true;
  const unknown = await reader.range(id, 1, 1);
  assert.ok(!unknown.ok);
  assert.equal(unknown.status, 404);
  store.claim([rangeOf(log, question)]);
  const away = await reader.range(id, 1, 1);
  assert.ok(!away.ok);
  assert.deepEqual([away.status, /neither the server nor a peer hands it out/.test(away.message)], [
    503,
    true,
  ]);
});

Deno.test("an envoy that lost the end of what it wrote gets it from the fleet", async () => {
  const { signer } = generateEd25519();
  const log = signedLog(signer, 5);
  const id = rangeOf(log, { topicId: "", from: 1, limit: 1 }).topicId;
  const appointment = signedAppointment(signer, "web-2");
  for (const isLive of [true, false]) {
    const { reader, server, peers, state, store } = setUp();
    const intake = new TopicIntake({
      store,
      topicId: id,
      user: "mara",
      appointment,
      delegations: [],
      nowMs: () => 0,
    });
    for (const message of log.slice(0, 2)) intake.take(message);
    assert.equal(intake.end()?.appointment?.writer, "web-2", "it is written from this envoy");
    state.isLive = isLive;
    if (isLive) {
      store.claim([{ ...rangeOf(log, { topicId: id, from: 1, limit: 1 }), appointment }]);
      server.log = log;
    } else peers.set("web-3", log);
    const answer = await reader.range(id, 3, 1_000);
    assert.deepEqual(answer.ok && answer.range.messages.map(({ seq }) => seq), [3, 4, 5]);
  }
});

import assert from "node:assert/strict";
import { generateEd25519 } from "../../shared/crypto/ed25519.ts";
import { nextMessage, signedLog } from "../../shared/poolq/log_fixture.ts";
import { type Message, messageId } from "../../shared/poolq/message.ts";
import { topicId } from "../../shared/poolq/topic.ts";
import { fleetDocument } from "../../shared/config/document_fixture.ts";
import { fakeLog } from "../daemon/fake_log.ts";
import { QueueReader } from "./queue_reader.ts";
import { QueueStore } from "./queue_store.ts";
import { TopicIntake } from "./topic_intake.ts";

const { signer } = generateEd25519();
const LOG = signedLog(signer, 3);
const LAST = LOG.at(-1) ?? assert.fail();
const ID = topicId(LAST.founder_pubkey, LAST.topic_name);

/** Takes what lies in a user's home, whose allocator names a writer; answers whose the topic is, and who writes it. */
function takeHome(
  store: QueueStore,
  user: string,
  writer: string,
  messages: readonly Message[],
): (string | null)[] {
  const intake = new TopicIntake({
    store,
    topicId: ID,
    user,
    writer,
    delegations: [],
    nowMs: () => 0,
  });
  for (const message of messages) intake.take(message);
  const topic = intake.end();
  assert.ok(topic);
  return [topic.user, topic.writer];
}

/** What the server tells of the topic. */
function claim(store: QueueStore, writer: string): void {
  const { founder_pubkey: founder, topic_name: name, seq: headSeq } = LAST;
  const head = { topicId: ID, name, founder, firstSeq: 1, headSeq, headId: messageId(LAST) };
  store.claim([{ ...head, count: headSeq, writer }]);
}

async function writerFor(store: QueueStore, hostname: string): Promise<string> {
  const reader = new QueueReader({
    store,
    server: {
      topics: () => Promise.resolve(undefined),
      head: () => Promise.resolve(undefined),
      range: () => Promise.resolve(undefined),
    },
    hostname: () => hostname,
    log: fakeLog(),
    nowMs: () => 0,
    fleet: () => fleetDocument(),
    isLive: () => false,
    askPeers: async function* () {},
  });
  const answer = await reader.head(ID);
  return answer.ok ? answer.head.writer : answer.message;
}

Deno.test("a copy of a topic in another user's home does not say who writes it", () => {
  using store = QueueStore.open(":memory:");
  assert.deepEqual(takeHome(store, "mara", "web-1", LOG), ["mara", "web-1"]);
  assert.deepEqual(takeHome(store, "tom", "evil", []), ["mara", "web-1"]);
  assert.deepEqual(takeHome(store, "mara", "web-2", []), ["mara", "web-2"], "she moves it");
});

Deno.test("a copy of what the fleet has already is nobody's until its author posts here", () => {
  using store = QueueStore.open(":memory:");
  claim(store, "web-2");
  assert.deepEqual(takeHome(store, "tom", "web-1", LOG), [null, ""]);
  assert.deepEqual(takeHome(store, "mara", "web-1", [nextMessage(signer, LAST)]), [
    "mara",
    "web-1",
  ]);
});

Deno.test("a copy that was laid here before the fleet told of a topic does not make this envoy its writer", async () => {
  using store = QueueStore.open(":memory:");
  assert.deepEqual(takeHome(store, "tom", "web-1", LOG), ["tom", "web-1"]);
  claim(store, "web-2");
  assert.equal(await writerFor(store, "web-1"), "web-2");
  assert.deepEqual(takeHome(store, "mara", "web-1", [nextMessage(signer, LAST)]), [
    "mara",
    "web-1",
  ]);
  assert.equal(await writerFor(store, "web-1"), "web-1");
});

Deno.test("who writes a topic hands it over before the fleet has heard of it", async () => {
  using store = QueueStore.open(":memory:");
  takeHome(store, "mara", "web-1", LOG);
  claim(store, "web-1");
  takeHome(store, "mara", "web-2", []);
  assert.equal(await writerFor(store, "web-1"), "web-2");
});

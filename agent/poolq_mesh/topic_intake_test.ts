import assert from "node:assert/strict";
import { generateEd25519 } from "../../shared/crypto/ed25519.ts";
import { nextMessage, signedAppointment, signedLog } from "../../shared/poolq/log_fixture.ts";
import type { Appointment } from "../../shared/poolq/appointment.ts";
import { type Message, messageId } from "../../shared/poolq/message.ts";
import { topicId } from "../../shared/poolq/topic.ts";
import { fleetDocument } from "../../shared/config/document_fixture.ts";
import { fakeLog } from "../runtime/fake_log.ts";
import { QueueReader } from "./queue_reader.ts";
import { QueueStore } from "./queue_store.ts";
import { TopicIntake } from "./topic_intake.ts";

const { signer } = generateEd25519();
const LOG = signedLog(signer, 3);
const LAST = LOG.at(-1) ?? assert.fail();
const ID = topicId(LAST.founder_pubkey, LAST.topic_name);

/** What the topic's puddle says after a message. */
const says = (writer: string, after_seq = 0) => signedAppointment(signer, writer, { after_seq });
/** What somebody else says. */
const forged = signedAppointment(generateEd25519().signer, "evil", { topic_id: ID, after_seq: 9 });

/** Takes what lies in a user's home; answers whose the topic is, and who writes it. */
function takeHome(
  store: QueueStore,
  user: string,
  appointment: Appointment | null,
  messages: readonly Message[],
): (string | null)[] {
  const intake = new TopicIntake({
    store,
    topicId: ID,
    user,
    appointment,
    delegations: [],
    nowMs: () => 0,
  });
  for (const message of messages) intake.take(message);
  const topic = intake.end();
  assert.ok(topic);
  return [topic.user, topic.appointment?.writer ?? "", intake.problem ?? ""].slice(
    0,
    intake.problem === undefined ? 2 : 3,
  );
}

const UNSIGNED =
  "its puddle has not signed who writes it, so it counts as a copy; its owner posts to it once more";

/** What the server tells of the topic. */
function claim(store: QueueStore, appointment: Appointment): void {
  const { founder_pubkey: founder, topic_name: name, seq: headSeq } = LAST;
  const head = { topicId: ID, name, founder, firstSeq: 1, headSeq, headId: messageId(LAST) };
  store.claim([{ ...head, count: headSeq, writer: appointment.writer, appointment }]);
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
  assert.deepEqual(takeHome(store, "mara", says("web-1"), LOG), ["mara", "web-1"]);
  assert.deepEqual(takeHome(store, "tom", forged, []), ["mara", "web-1", UNSIGNED]);
  assert.deepEqual(takeHome(store, "tom", null, []), ["mara", "web-1", UNSIGNED]);
  assert.deepEqual(takeHome(store, "tom", says("web-1"), []), ["mara", "web-1"]);
  const moved = says("web-2", 3);
  assert.deepEqual(takeHome(store, "mara", moved, []), ["mara", "web-2"], "she moves it");
  assert.deepEqual(takeHome(store, "mara", says("web-1"), []), ["mara", "web-2"], "an older home");
});

Deno.test("a copy that was laid here before the fleet told of a topic is nobody's, also once it is moved here", async () => {
  using store = QueueStore.open(":memory:");
  assert.deepEqual(takeHome(store, "tom", null, LOG), [null, "", UNSIGNED]);
  claim(store, says("web-1", 3));
  assert.equal(await writerFor(store, "web-1"), "web-1");
  assert.deepEqual(takeHome(store, "tom", forged, []), [null, "", UNSIGNED]);
  assert.equal(await writerFor(store, "web-1"), "web-1", "what he says does not count");
  const fourth = nextMessage(signer, LAST);
  assert.deepEqual(takeHome(store, "mara", says("web-1", 3), [fourth]), ["mara", "web-1"]);
});

Deno.test("a copy with what the puddle said earlier does not keep the topic from its owner", async () => {
  using store = QueueStore.open(":memory:");
  assert.deepEqual(takeHome(store, "tom", says("web-2"), LOG), ["tom", "web-2"]);
  claim(store, says("web-1", 3));
  assert.equal(await writerFor(store, "web-1"), "web-1");
  assert.deepEqual(takeHome(store, "mara", says("web-1", 3), []), ["mara", "web-1"]);
  assert.deepEqual(takeHome(store, "tom", says("web-2"), []), ["mara", "web-1"]);
});

Deno.test("who writes a topic hands it over before the fleet has heard of it", async () => {
  using store = QueueStore.open(":memory:");
  takeHome(store, "mara", says("web-1"), LOG);
  claim(store, says("web-1"));
  takeHome(store, "mara", says("web-2", 3), []);
  assert.equal(await writerFor(store, "web-1"), "web-2");
});

Deno.test("what the server tells of who writes a topic counts no more than what its puddle signed", async () => {
  using store = QueueStore.open(":memory:");
  takeHome(store, "mara", says("web-1"), LOG);
  claim(store, forged);
  assert.equal(await writerFor(store, "web-1"), "web-1");
  claim(store, says("web-2", 3));
  assert.equal(await writerFor(store, "web-1"), "web-2");
});

import assert from "node:assert/strict";
import { generateEd25519 } from "../../shared/crypto/ed25519.ts";
import { sha256Hex } from "../../shared/crypto/sha256.ts";
import { signedAppointment } from "../../shared/poolq/log_fixture.ts";
import type { StoredMessage, StoredTopic } from "./queue_store.ts";
import type { Store } from "./store.ts";

type Promised = (sentence: string, check: (store: Store) => Promise<void>) => void;

/** What every store promises of queues; part of its contract suite. */
export function testQueueContract(promise: Promised): void {
  promise("a queue comes back with its messages as they were kept, byte for byte", async (s) => {
    const messages = [1, 2, 3].map((seq) =>
      someQueueMessage(seq, { text: `{"body":"über ${seq}"}` })
    );
    const topic = someTopic({ headSeq: 3, delegations: ['{"a":1}'] });
    await s.queues.save(topic, messages);
    assert.deepEqual(await s.queues.findTopic(topic.topicId), topic);
    assert.deepEqual(await s.queues.findTopic(sha256Hex("another")), undefined);
    assert.deepEqual(await s.queues.findMessage(topic.topicId, 2), messages[1]);
    assert.equal(await s.queues.findMessage(topic.topicId, 4), undefined);
    assert.deepEqual(await s.queues.range(topic.topicId, all), messages);
    const bytes = messages.reduce(
      (sum, { text }) => sum + new TextEncoder().encode(text).length,
      0,
    );
    assert.deepEqual(await s.queues.totals(), { messages: 3, bytes });
  });

  promise("a message of a queue is never replaced; the topic is", async (s) => {
    const topic = someTopic();
    await s.queues.save(topic, [someQueueMessage(1)]);
    const equivocation = {
      seq: 1,
      author: topic.founder,
      ids: ["a", "b"] as const,
      other: "{}",
      from: "web-1",
      atMs: 5,
    };
    const appointment = signedAppointment(generateEd25519().signer, "web-2");
    const changed = { ...topic, writer: "web-2", appointment, equivocation };
    await s.queues.save(changed, [someQueueMessage(1, { text: "another" })]);
    assert.deepEqual(await s.queues.range(topic.topicId, all), [someQueueMessage(1)]);
    assert.deepEqual(await s.queues.listTopics(), [changed]);
  });

  promise(
    "a range of a queue has a beginning, an end, and limits of number and size",
    async (s) => {
      const topic = someTopic({ headSeq: 250 });
      const messages = Array.from(
        { length: 250 },
        (_, at) => someQueueMessage(at + 1, { text: "x".repeat(100) }),
      );
      await s.queues.save(topic, messages);
      const seqs = async (page: Partial<typeof all>) =>
        (await s.queues.range(topic.topicId, { ...all, ...page })).map(({ seq }) => seq);
      assert.deepEqual(await seqs({ fromSeq: 248 }), [248, 249, 250]);
      assert.deepEqual(await seqs({ fromSeq: 7, toSeq: 9 }), [7, 8, 9]);
      assert.deepEqual(await seqs({ fromSeq: 7, limit: 2 }), [7, 8]);
      // The one that reaches the limit is the last.
      assert.deepEqual(await seqs({ fromSeq: 7, maxBytes: 201 }), [7, 8, 9]);
      assert.equal((await seqs({})).length, 250);
      assert.deepEqual(await seqs({ fromSeq: 251 }), []);
    },
  );

  promise("the last message of a queue by a time is found", async (s) => {
    const topic = someTopic({ headSeq: 3 });
    await s.queues.save(
      topic,
      [1, 2, 3].map((seq) => someQueueMessage(seq, { postedAtMs: seq * 10 })),
    );
    assert.equal((await s.queues.lastPostedBy(topic.topicId, 25))?.seq, 2);
    assert.equal((await s.queues.lastPostedBy(topic.topicId, 30))?.seq, 3);
    assert.equal(await s.queues.lastPostedBy(topic.topicId, 9), undefined);
  });

  promise(
    "what came before a time leaves a queue from its beginning, and the head stays",
    async (s) => {
      const topic = someTopic({ headSeq: 4, sizeBytes: 8 });
      await s.queues.save(
        topic,
        [10, 20, 15, 30].map((receivedAtMs, at) =>
          someQueueMessage(at + 1, { receivedAtMs, text: "{}" })
        ),
      );
      assert.equal(await s.queues.prune(topic.topicId, 16, 100), 1);
      assert.equal(await s.queues.prune(topic.topicId, 16, 100), 0);
      assert.deepEqual(await s.queues.findTopic(topic.topicId), {
        ...topic,
        firstSeq: 2,
        sizeBytes: 6,
      });
      assert.equal(await s.queues.prune(topic.topicId, 99, 2), 2);
      assert.equal(await s.queues.prune(topic.topicId, 99, 2), 1);
      assert.deepEqual(await s.queues.findTopic(topic.topicId), {
        ...topic,
        firstSeq: 5,
        sizeBytes: 0,
      });
      assert.deepEqual(await s.queues.range(topic.topicId, all), []);
      assert.equal(await s.queues.prune(sha256Hex("another"), 99, 2), 0);
    },
  );
}

const all = { fromSeq: 1, toSeq: 1_000_000, limit: 1000, maxBytes: 1_000_000 };

function someTopic(changes: Partial<StoredTopic> = {}): StoredTopic {
  return {
    topicId: sha256Hex("topic"),
    name: "build-tasks",
    founder: "ab".repeat(32),
    writer: "web-1",
    appointment: null,
    user: "mara",
    firstSeq: 1,
    headSeq: 1,
    headId: sha256Hex("1"),
    headPostedAtMs: 1_700_000_000_000,
    receivedAtMs: 1_700_000_000_001,
    sizeBytes: 2,
    delegations: [],
    equivocation: null,
    ...changes,
  };
}

function someQueueMessage(seq: number, changes: Partial<StoredMessage> = {}): StoredMessage {
  return {
    seq,
    msgId: sha256Hex(String(seq)),
    postedAtMs: 1_700_000_000_000 + seq,
    receivedAtMs: 1_700_000_000_001 + seq,
    text: "{}",
    ...changes,
  };
}

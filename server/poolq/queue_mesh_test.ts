import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { getLogger } from "@logtape/logtape";
import { generateEd25519, type Signer } from "../../shared/crypto/ed25519.ts";
import {
  nextMessage,
  signedAppointment,
  signedLog,
  signedMessage,
} from "../../shared/poolq/log_fixture.ts";
import { type Message, messageId } from "../../shared/poolq/message.ts";
import { topicId } from "../../shared/poolq/topic.ts";
import { type Delegation, signDelegation } from "../../shared/puddle/delegation.ts";
import { type QueueHead, type QueueOffer, UploadQueuesRequest } from "../../shared/proto/agent.ts";
import { EnvoyState } from "../fleet/envoy_state.ts";
import { AuditLog } from "../audit/audit_log.ts";
import { envoyRecord } from "../store/envoy_fixture.ts";
import { MemoryStore } from "../store/memory_store.ts";
import { QueueBlocks } from "./queue_blocks.ts";
import { QueueMesh } from "./queue_mesh.ts";

/** When the fixture's first message was posted. */
const POSTED_MS = 1_780_000_000_000;
const DAY_MS = 86_400_000;

interface Setting {
  readonly mesh: QueueMesh;
  readonly store: MemoryStore;
  readonly blocks: QueueBlocks;
  readonly clock: { nowMs: number };
  readonly told: QueueHead[];
  /** Keys that may not be on the envoy. */
  readonly evicted: Set<string>;
  readonly envoy: EnvoyState;
  /** A mesh that was started again on the same store. */
  again(): Promise<QueueMesh>;
}

async function setUp(changes: { maxTopicBytes?: number } = {}): Promise<Setting> {
  const store = new MemoryStore();
  const clock = { nowMs: POSTED_MS + 1_000 };
  const now = () => clock.nowMs;
  const audit = new AuditLog(store, generateEd25519().signer, now);
  const blocks = await QueueBlocks.load({ store, audit, now });
  const told: QueueHead[] = [];
  const evicted = new Set<string>();
  const again = () =>
    QueueMesh.load({
      store,
      settings: {
        maxMsgBytes: 100,
        retentionMs: 30 * DAY_MS,
        maxTopicBytes: 1_000_000,
        ...changes,
      },
      blocks,
      isOpen: (hostname) => hostname.startsWith("web"),
      isEvicted: ({ publicKey, envoyUuid }) =>
        evicted.has(publicKey) && envoyUuid === envoy.record.uuid,
      usersOf: () => Promise.resolve(new Set(["mara"])),
      broadcast: ({ queueHeads }) => void told.push(...queueHeads?.heads ?? []),
      now,
      logger: getLogger("test"),
    });
  const envoy = new EnvoyState(envoyRecord({ hostname: "web-1" }));
  return { mesh: await again(), store, blocks, clock, told, evicted, envoy, again };
}

function founderOf(signer: Signer): string {
  return signer.publicKey.toHex();
}

function offer(log: readonly Message[], changes: Partial<QueueOffer> = {}): QueueOffer {
  const [first] = log;
  const id = first ? topicId(first.founder_pubkey, first.topic_name) : "";
  return {
    topicId: Buffer.from(id, "hex"),
    user: "mara",
    appointment: Buffer.alloc(0),
    firstSeq: first?.seq ?? 0,
    headSeq: log.at(-1)?.seq ?? 0,
    messages: log.map((message) => Buffer.from(JSON.stringify(message))),
    ...changes,
  };
}

/** Uploads messages of one topic; answers how far it is stored, and why no further. */
async function upload(
  { mesh, envoy }: Pick<Setting, "mesh" | "envoy">,
  log: readonly Message[],
  changes: Partial<QueueOffer> = {},
  delegations: readonly Delegation[] = [],
): Promise<[number, string]> {
  const answer = await mesh.upload(
    envoy,
    UploadQueuesRequest.fromPartial({
      topics: [offer(log, changes)],
      delegations: delegations.map((one) => Buffer.from(JSON.stringify(one))),
    }),
  );
  assert.ok(answer.ok, "the request itself is taken");
  const [state] = answer.response.topics;
  return [state?.storedSeq ?? -1, state?.refusal ?? ""];
}

/** What an offer says of who writes the topic. */
function appointed(...args: Parameters<typeof signedAppointment>): Partial<QueueOffer> {
  return { appointment: Buffer.from(JSON.stringify(signedAppointment(...args))) };
}

async function stored({ store }: Pick<Setting, "store">, log: readonly Message[]) {
  const [first] = log;
  assert.ok(first);
  const range = { fromSeq: 1, toSeq: 1_000, limit: 1_000, maxBytes: 1_000_000 };
  const found = await store.queues.range(topicId(first.founder_pubkey, first.topic_name), range);
  return found.map(({ seq }) => seq);
}

Deno.test("what an envoy uploads is stored in order, told to the others, and survives a restart", async () => {
  const setting = await setUp();
  const { signer } = generateEd25519();
  const log = signedLog(signer, 5);
  const own = appointed(signer, "web-1");
  assert.deepEqual(await upload(setting, log.slice(0, 2), own), [2, ""]);
  assert.deepEqual(await upload(setting, log.slice(1, 5)), [5, ""]);
  assert.deepEqual(await stored(setting, log), [1, 2, 3, 4, 5]);
  assert.deepEqual(setting.told.map(({ headSeq, writer }) => [headSeq, writer]), [
    [2, "web-1"],
    [5, "web-1"],
  ]);
  const mesh = await setting.again();
  assert.deepEqual(await upload({ mesh, envoy: setting.envoy }, log, { messages: [] }), [5, ""]);
});

Deno.test("a message that was changed, moved, is too large or of another topic is not stored, nor what follows it", async () => {
  const { signer } = generateEd25519();
  const log = signedLog(signer, 3);
  const [first, second, third] = log;
  assert.ok(first && second && third);
  const cases: [string, readonly Message[], RegExp, number][] = [
    [
      "changed body",
      [first, { ...second, body: "other" }, third],
      /signature is not the author/,
      1,
    ],
    ["a gap", [first, third], /seq 2 is missing/, 1],
    ["another topic", [first, signedMessage(signer, { topic_name: "other" })], /belongs to/, 1],
    ["too large", [first, nextMessage(signer, first, { body: "x".repeat(101) })], /101 bytes/, 1],
    [
      "not later",
      [first, nextMessage(signer, first, { posted_at_ms: first.posted_at_ms })],
      /not later/,
      1,
    ],
    [
      "a stranger",
      [
        first,
        nextMessage(generateEd25519().signer, first, {
          founder_pubkey: first.founder_pubkey,
        }),
      ],
      /neither the founder/,
      1,
    ],
  ];
  for (const [name, messages, reason, expected] of cases) {
    const setting = await setUp();
    const [seq, refusal] = await upload(setting, messages);
    assert.equal(seq, expected, name);
    assert.match(refusal, reason, name);
    assert.deepEqual(await stored(setting, log), [1], name);
  }
});

Deno.test("an envoy with a closed gate, and a user without the flag, are refused", async () => {
  const setting = await setUp();
  const log = signedLog(generateEd25519().signer, 1);
  assert.deepEqual(await upload(setting, log, { user: "jo" }), [
    0,
    "user jo has no poolq: true in the policy that is published for web-1",
  ]);
  const closed = new EnvoyState(envoyRecord({ hostname: "db-1" }));
  const answer = await setting.mesh.upload(
    closed,
    UploadQueuesRequest.fromPartial({ topics: [offer(log)] }),
  );
  assert.equal(answer.ok, false);
  assert.deepEqual(await setting.mesh.topics.list(), []);
});

Deno.test("of two messages with one seq the first stays, both are kept, and nothing after is taken", async () => {
  const setting = await setUp();
  const { signer } = generateEd25519();
  const log = signedLog(signer, 3);
  const [first, second] = log;
  assert.ok(first && second);
  await upload(setting, log.slice(0, 2));
  const other = nextMessage(signer, first, { body: "another" });
  const [seq, refusal] = await upload(setting, [other]);
  assert.equal(seq, 2);
  assert.match(refusal, new RegExp(`equivocation by ${founderOf(signer)} at seq 2`));
  assert.match((await upload(setting, log))[1], /equivocation/);
  const [kept] = await setting.mesh.topics.list();
  assert.deepEqual(kept?.topic.equivocation?.ids, [messageId(second), messageId(other)]);
  assert.deepEqual(JSON.parse(kept?.topic.equivocation?.other ?? ""), other);
});

Deno.test("a message that extends another history than the one stored is an equivocation, too", async () => {
  const setting = await setUp();
  const { signer } = generateEd25519();
  const log = signedLog(signer, 2);
  const [first, second] = log;
  assert.ok(first && second);
  await upload(setting, log);
  const hidden = nextMessage(signer, first, { body: "another" });
  await upload(setting, [nextMessage(signer, hidden)]);
  const [kept] = await setting.mesh.topics.list();
  assert.equal(kept?.topic.equivocation?.seq, 2);
  assert.deepEqual(kept?.topic.equivocation?.ids, [messageId(second), messageId(hidden)]);
});

Deno.test("a message ahead of its time is stored, and neither shown nor told before", async () => {
  const setting = await setUp();
  const { signer } = generateEd25519();
  const [first] = signedLog(signer, 1);
  assert.ok(first);
  const early = nextMessage(signer, first, { posted_at_ms: POSTED_MS + DAY_MS });
  assert.deepEqual(await upload(setting, [first, early]), [2, ""]);
  assert.deepEqual(
    (await setting.mesh.topics.list()).map(({ headSeq, count }) => [headSeq, count]),
    [
      [1, 1],
    ],
  );
  assert.equal(await setting.mesh.topics.countHeld(), 1);
  assert.equal(setting.told.at(-1)?.headSeq, 1);
  setting.clock.nowMs = POSTED_MS + DAY_MS;
  await setting.mesh.tick();
  assert.equal(setting.told.at(-1)?.headSeq, 2);
  assert.equal(await setting.mesh.topics.countHeld(), 0);
});

Deno.test("messages age out by when they came, and the topic goes on where it was", async () => {
  const setting = await setUp();
  const { signer } = generateEd25519();
  const log = signedLog(signer, 3);
  await upload(setting, log.slice(0, 2));
  setting.clock.nowMs += 31 * DAY_MS;
  assert.equal(await setting.mesh.prune(), 2);
  const [aged] = await setting.mesh.topics.list();
  assert.deepEqual([aged?.topic.firstSeq, aged?.headSeq, aged?.count], [3, 2, 0]);
  // Posted long ago: counted, so that the next one may follow, and not kept.
  assert.deepEqual(await upload(setting, log), [3, ""]);
  assert.deepEqual(await stored(setting, log), []);
  const last = log.at(-1);
  assert.ok(last);
  const fresh = nextMessage(signer, last, { posted_at_ms: setting.clock.nowMs });
  assert.deepEqual(await upload(setting, [fresh]), [4, ""]);
  assert.deepEqual(await stored(setting, log), [4]);
});

Deno.test("a topic that is not known may begin where its founder's copies begin", async () => {
  const setting = await setUp();
  const log = signedLog(generateEd25519().signer, 5);
  assert.deepEqual(await upload(setting, log.slice(2)), [5, ""]);
  assert.deepEqual(await stored(setting, log), [3, 4, 5]);
});

Deno.test("what is kept of all topics is told from memory, as the database has it", async () => {
  const setting = await setUp();
  const agrees = async (mesh: QueueMesh) => {
    const { messages, bytes } = mesh.topics.totals();
    assert.deepEqual({ messages, bytes }, await setting.store.queues.totals());
    return mesh.topics.totals();
  };
  const { signer: mara } = generateEd25519(), { signer: dan } = generateEd25519();
  const [first, second] = signedLog(mara, 2);
  assert.ok(first && second);
  await upload(setting, [first, second]);
  const { bytes: ofMara } = await agrees(setting.mesh);
  await upload(setting, signedLog(dan, 3));
  await upload(setting, [nextMessage(mara, first, { body: "another" })]);
  const { bytes, ...counts } = await agrees(setting.mesh);
  assert.deepEqual(counts, { topics: 2, messages: 5, equivocations: 1 });
  assert.ok(bytes > ofMara);
  assert.deepEqual((await setting.again()).topics.totals(), setting.mesh.topics.totals());
  setting.clock.nowMs += 31 * DAY_MS;
  await setting.mesh.prune();
  assert.deepEqual(await agrees(setting.mesh), {
    topics: 2,
    messages: 0,
    bytes: 0,
    equivocations: 1,
  });
});

Deno.test("what is blocked is not taken; unblocked it is", async () => {
  const setting = await setUp();
  const { signer } = generateEd25519();
  const log = signedLog(signer, 2);
  await upload(setting, log.slice(0, 1));
  await setting.blocks.block({ kind: "key", value: founderOf(signer), reason: "" }, "root");
  assert.deepEqual(await upload(setting, log), [1, "blocked by the fleet's admin"]);
  const [kept] = await setting.mesh.topics.list();
  assert.ok(kept && setting.mesh.isBlocked(kept.topic));
  await setting.blocks.unblock({ kind: "key", value: founderOf(signer) }, "root");
  assert.deepEqual(await upload(setting, log), [2, ""]);
});

Deno.test("a full topic takes no more, and says so", async () => {
  const setting = await setUp({ maxTopicBytes: 600 });
  const log = signedLog(generateEd25519().signer, 3);
  const [seq, refusal] = await upload(setting, log);
  assert.equal(seq, 1);
  assert.match(refusal, /the topic is full/);
});

Deno.test("after a rekey the new key writes on from the head that the delegation lists", async () => {
  const setting = await setUp();
  const { signer: old } = generateEd25519(), { signer: young } = generateEd25519();
  const log = signedLog(old, 2);
  const head = log.at(-1);
  assert.ok(head);
  const delegation = signDelegation({ oldSigner: old, newSigner: young }, {
    issuedAtMs: POSTED_MS,
    heads: [{
      topicId: topicId(head.founder_pubkey, head.topic_name),
      seq: 2,
      msgId: messageId(head),
    }],
  });
  const third = nextMessage(young, head, { author_pubkey: founderOf(young) as Message["prev"] });
  await upload(setting, log);
  assert.match((await upload(setting, [third]))[1], /neither the founder/);
  assert.deepEqual(await upload(setting, [third], {}, [delegation]), [3, ""]);
  const late = nextMessage(old, third);
  assert.match((await upload(setting, [late]))[1], /was retired at seq 2/);
  // The delegation is kept with the topic.
  const mesh = await setting.again();
  const fourth = nextMessage(young, third, { author_pubkey: founderOf(young) as Message["prev"] });
  assert.deepEqual(await upload({ mesh, envoy: setting.envoy }, [fourth]), [4, ""]);
});

Deno.test("a topic's puddle says who writes it, from whatever envoy; nobody else can", async () => {
  const setting = await setUp();
  const { signer } = generateEd25519();
  const log = signedLog(signer, 3);
  const elsewhere = {
    mesh: setting.mesh,
    envoy: new EnvoyState(envoyRecord({ hostname: "web-2" })),
  };
  const writer = async () => (await setting.mesh.topics.list()).map(({ topic }) => topic.writer);
  await upload(setting, log.slice(0, 2));
  assert.deepEqual(await writer(), [""], "a message does not say it");
  await upload(setting, log.slice(0, 2), appointed(signer, "web-1"));
  assert.deepEqual(await writer(), ["web-1"]);

  const id = topicId(founderOf(signer), "build-tasks");
  const forged = appointed(generateEd25519().signer, "web-3", { topic_id: id, after_seq: 9 });
  await upload(elsewhere, log, { ...forged, messages: [] });
  await upload(setting, log, { appointment: Buffer.from("{"), messages: [] });
  assert.deepEqual(await writer(), ["web-1"]);

  const moved = appointed(signer, "web-2", { after_seq: 2 });
  await upload(elsewhere, log, { ...moved, messages: [] });
  assert.deepEqual(await writer(), ["web-2"]);
  assert.deepEqual(setting.told.at(-1)?.appointment, moved.appointment);
  await upload(setting, log, appointed(signer, "web-1"));
  assert.deepEqual(await writer(), ["web-2"], "who has not heard of it is not believed");
  const again = await setting.again();
  assert.equal((await again.topics.find(id))?.topic.appointment?.writer, "web-2");
});

Deno.test("a puddle that was evicted from an envoy appoints nobody from there", async () => {
  const setting = await setUp();
  const { signer } = generateEd25519();
  const log = signedLog(signer, 1);
  await upload(setting, log, appointed(signer, "web-1"));
  setting.evicted.add(founderOf(signer));
  const moved = appointed(signer, "web-2", { after_seq: 1 });
  await upload(setting, log, { ...moved, messages: [] });
  assert.equal((await setting.mesh.topics.list())[0]?.topic.writer, "web-1");
});

Deno.test("the topics that an envoy brings for others count for it, too", async () => {
  const setting = await setUp();
  for (let index = 0; index <= 1_000; index += 1) {
    const { signer } = generateEd25519();
    const log = signedLog(signer, 1);
    const [storedSeq, refusal] = await upload(setting, log, appointed(signer, "web-9"));
    assert.deepEqual(
      [storedSeq, refusal],
      index < 1_000 ? [1, ""] : [0, "there are too many topics"],
    );
  }
});

Deno.test("a puddle that was evicted from an envoy is not believed there", async () => {
  const setting = await setUp();
  const { signer } = generateEd25519();
  const log = signedLog(signer, 1);
  setting.evicted.add(founderOf(signer));
  assert.match((await upload(setting, log))[1], /evicted from this envoy/);
  const elsewhere = new EnvoyState(envoyRecord({ hostname: "web-2" }));
  assert.deepEqual(await upload({ mesh: setting.mesh, envoy: elsewhere }, log), [1, ""]);
});

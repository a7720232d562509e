import assert from "node:assert/strict";
import { generateEd25519 } from "../../shared/crypto/ed25519.ts";
import { signedAppointment, signedLog } from "../../shared/poolq/log_fixture.ts";
import { topicId } from "../../shared/poolq/topic.ts";
import { FakeClock } from "../runtime/fake_clock.ts";
import { fakeLog } from "../runtime/fake_log.ts";
import { FakeQueueServer } from "./fake_queue_server.ts";
import { QueueStore } from "./queue_store.ts";
import { QueueUploader } from "./queue_uploader.ts";
import { TopicIntake } from "./topic_intake.ts";

function setUp(count: number, bodyLength = 10) {
  const store = QueueStore.open(":memory:");
  const { signer } = generateEd25519();
  const log = signedLog(signer, count, { body: "x".repeat(bodyLength) });
  const id = topicId(signer.publicKey.toHex(), "build-tasks");
  const hold = (upTo: number, writer = "web-1") => {
    const from = store.topic(id)?.headSeq ?? 0;
    const intake = new TopicIntake({
      store,
      topicId: id,
      user: "mara",
      appointment: signedAppointment(signer, writer, { after_seq: writer === "web-1" ? 0 : upTo }),
      delegations: [],
      nowMs: () => 0,
    });
    for (const message of log.slice(from, upTo)) intake.take(message);
    intake.end();
  };
  const server = new FakeQueueServer();
  const granted = new Set(["mara"]);
  const uploader = new QueueUploader({
    store,
    caller: server,
    clock: new FakeClock(),
    log: fakeLog(),
    granted: () => Promise.resolve([...granted]),
    isOpen: () => true,
    signal: new AbortController().signal,
  });
  return { store, id, hold, server, granted, uploader };
}

Deno.test("the server is asked what it has, and given the rest in calls of a bounded size", async () => {
  const { id, hold, server, uploader } = setUp(2_500);
  hold(2_500);
  await uploader.run();
  assert.equal(server.stored.get(id), 2_500);
  assert.deepEqual(server.calls, [0, 1_000, 1_000, 500]);
  hold(2_500);
  await uploader.run();
  assert.equal(server.calls.length, 4, "what is acknowledged is not sent again");
});

Deno.test("what is posted later travels alone, and a server that lost something gets it again", async () => {
  const { id, hold, server, uploader } = setUp(5);
  hold(3);
  await uploader.run();
  hold(5);
  await uploader.run();
  assert.deepEqual(server.calls, [0, 3, 2]);
  server.stored.set(id, 1);
  await uploader.run();
  assert.equal(server.calls.length, 3, "an acknowledgement is believed while the stream stands");
  uploader.forget();
  await uploader.run();
  assert.equal(server.stored.get(id), 5);
  assert.deepEqual(server.calls.slice(3), [0, 4]);
});

Deno.test("the server is told once that a topic moved to another envoy, though nothing was posted", async () => {
  const { hold, server, uploader } = setUp(2);
  hold(2);
  await uploader.run();
  hold(2, "web-2");
  await uploader.run();
  await uploader.run();
  assert.deepEqual(server.calls, [0, 2, 0]);
  assert.deepEqual(server.writers, ["web-1", "web-1", "web-2"]);
});

Deno.test("a server that is away or refuses is not asked in a circle, and asked again later", async () => {
  const { id, hold, server, uploader } = setUp(2);
  hold(2);
  server.isAway = true;
  await uploader.run();
  server.isAway = false;
  server.refusal = "no room";
  await uploader.run();
  await uploader.run();
  assert.equal(uploader.refusal(id), "no room");
  assert.ok(server.calls.length <= 2, `${server.calls}`);
  server.refusal = "";
  uploader.retryRefused();
  await uploader.run();
  assert.equal(server.stored.get(id), 2);
});

Deno.test("topics of a user without the grant are not carried", async () => {
  const { hold, server, granted, uploader } = setUp(1);
  hold(1);
  granted.clear();
  await uploader.run();
  assert.deepEqual(server.calls, []);
});

Deno.test("a server that has another message in the place of ours is shown both", async () => {
  for (const ahead of [0, 2]) {
    const { id, hold, server, uploader } = setUp(3);
    hold(3);
    const theirs = Array.from({ length: 3 - ahead }, () => "ab".repeat(32));
    server.ids.set(id, theirs);
    server.stored.set(id, theirs.length);
    await uploader.run();
    assert.equal(server.refusal, "equivocation");
    assert.equal(uploader.refusal(id), "equivocation");
    assert.equal(server.calls.length, 2, "it is asked, and given what contradicts it, once");
    await uploader.run();
    assert.equal(server.calls.length, 2);
  }
});

import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { generateEd25519 } from "../../shared/crypto/ed25519.ts";
import { signedAppointment } from "../../shared/poolq/log_fixture.ts";
import { sha256Hex } from "../../shared/crypto/sha256.ts";
import { TemporaryRoot } from "../../tests/support/temporary_root.ts";
import { QueueStore } from "./queue_store.ts";

/** As it was made before who writes a topic was signed. */
const VERSION_1 = `
  CREATE TABLE topic (
    topic_id TEXT PRIMARY KEY, name TEXT NOT NULL, founder TEXT NOT NULL,
    user TEXT, writer TEXT NOT NULL,
    first_seq INTEGER NOT NULL, head_seq INTEGER NOT NULL, head_id TEXT NOT NULL,
    delegations TEXT NOT NULL, equivocation TEXT
  ) STRICT;
  CREATE TABLE message (
    topic_id TEXT NOT NULL, seq INTEGER NOT NULL, msg_id TEXT NOT NULL,
    received_at_ms INTEGER NOT NULL, text TEXT NOT NULL,
    PRIMARY KEY (topic_id, seq)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE fork (
    topic_id TEXT NOT NULL, msg_id TEXT NOT NULL, text TEXT NOT NULL,
    PRIMARY KEY (topic_id, msg_id)
  ) STRICT;
  CREATE TABLE head (
    topic_id TEXT PRIMARY KEY, name TEXT NOT NULL, founder TEXT NOT NULL,
    first_seq INTEGER NOT NULL, head_seq INTEGER NOT NULL, head_id TEXT NOT NULL,
    count INTEGER NOT NULL, writer TEXT NOT NULL
  ) STRICT;
  CREATE TABLE granted (user TEXT PRIMARY KEY) STRICT;
  PRAGMA user_version = 1;
`;

Deno.test("a store from before writers were signed keeps its topics, and nobody's word on who writes them", async () => {
  await using root = await TemporaryRoot.create();
  const path = root.join("poolq.db");
  const id = sha256Hex("topic"), headId = sha256Hex("head"), founder = "ab".repeat(32);
  {
    using db = new DatabaseSync(path);
    db.exec(VERSION_1);
    db.prepare("INSERT INTO topic VALUES (?, 't', ?, 'mara', 'web-1', 1, 2, ?, '[]', NULL)")
      .run(id, founder, headId);
    db.prepare("INSERT INTO head VALUES (?, 't', ?, 1, 2, ?, 2, 'web-1')").run(id, founder, headId);
  }
  for (let opened = 0; opened < 2; opened += 1) {
    using store = QueueStore.open(path);
    const topic = store.topic(id);
    assert.deepEqual([topic?.user, topic?.headSeq, topic?.appointment], ["mara", 2, null]);
    assert.deepEqual([store.claimed(id)?.writer, store.claimed(id)?.appointment], ["web-1", null]);
  }
  using store = QueueStore.open(path);
  const appointment = signedAppointment(generateEd25519().signer, "web-2");
  const topic = store.topic(id);
  const claimed = store.claimed(id);
  assert.ok(topic && claimed);
  store.save({ ...topic, appointment }, [], 0);
  store.claim([{ ...claimed, appointment }]);
  assert.deepEqual(store.topic(id)?.appointment, appointment);
  assert.deepEqual(store.claimed(id)?.appointment, appointment);
});

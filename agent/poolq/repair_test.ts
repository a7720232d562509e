import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import { spawnSync } from "node:child_process";
import { messageId, messageLine } from "../../shared/poolq/message.ts";
import { nextMessage } from "../../shared/poolq/log_fixture.ts";
import { TemporaryRoot } from "../../tests/support/temporary_root.ts";
import { readAllocator } from "./allocator.ts";
import { named } from "./message_files.ts";
import { writePending } from "./pending.ts";
import { poolqPaths, type TopicPaths } from "./poolq_paths.ts";
import { postFixture } from "./post_fixture.ts";
import { postMessages } from "./post.ts";
import { placeMessages } from "./post_steps.ts";

const NAME = "build-tasks";

/** A home with three messages, and how to go on. */
async function startLog(home: string) {
  const fixture = postFixture(home);
  const { topic } = await postMessages(fixture.context, fixture.messageSigner, NAME, [
    "one",
    "two",
    "three",
  ]);
  const paths = poolqPaths(home).topic(topic.id);
  const found = readAllocator(paths);
  assert.ok(found.kind === "found");
  const last = JSON.parse(await Deno.readTextFile(paths.message(found.allocator.last_msg_id)));
  const fourth = named(nextMessage(fixture.signer, last, { body: "four" }));
  const post = async (body: string) => {
    const posted = await postMessages(fixture.context, fixture.messageSigner, NAME, [body]);
    return posted.messages[0]?.seq;
  };
  return { ...fixture, paths, allocator: found.allocator, last, fourth, post };
}

type Log = Awaited<ReturnType<typeof startLog>>;

function repairs(what: string, test: (log: Log) => Promise<void>): void {
  Deno.test(what, async () => {
    await using root = await TemporaryRoot.create();
    await test(await startLog(root.path));
  });
}

async function bodies({ messages }: TopicPaths): Promise<string[]> {
  const log: { seq: number; body: string }[] = [];
  for (const name of await readdir(messages)) {
    log.push(JSON.parse(await Deno.readTextFile(`${messages}/${name}`)));
  }
  return log.sort((one, other) => one.seq - other.seq).map(({ seq, body }) => `${seq} ${body}`);
}

async function quarantined({ quarantine }: TopicPaths): Promise<string[]> {
  return (await readdir(quarantine)).map((name) => name.replace(/\.[0-9a-f-]{36}$/, "")).sort();
}

repairs("a post that was written down and not placed is finished first", async (log) => {
  writePending(log.paths, [log.fourth]);
  assert.equal(await log.post("five"), 5);
  assert.deepEqual(await bodies(log.paths), ["1 one", "2 two", "3 three", "4 four", "5 five"]);
});

repairs("a post that was placed and not counted is counted first", async (log) => {
  writePending(log.paths, [log.fourth]);
  await placeMessages(log.paths, [log.fourth]);
  assert.equal(await log.post("five"), 5);
  assert.equal((await bodies(log.paths)).length, 5);
});

repairs(
  "a batch that was placed in part is finished, and its first message is not doubled",
  async (log) => {
    const fifth = named(nextMessage(log.signer, log.fourth.message, { body: "five" }));
    writePending(log.paths, [log.fourth, fifth]);
    await Deno.writeTextFile(log.paths.message(log.fourth.id), messageLine(log.fourth.message));
    assert.equal(await log.post("six"), 6);
    assert.deepEqual((await bodies(log.paths)).slice(3), ["4 four", "5 five", "6 six"]);
  },
);

repairs(
  "a message file that was torn is put aside and written again from what is pending",
  async (log) => {
    const fifth = named(nextMessage(log.signer, log.fourth.message, { body: "five" }));
    writePending(log.paths, [log.fourth, fifth]);
    const torn = messageLine(log.fourth.message).slice(0, 40);
    await Deno.writeTextFile(log.paths.message(log.fourth.id), torn);
    assert.equal(await log.post("six"), 6);
    assert.equal((await bodies(log.paths)).length, 6);
    assert.deepEqual(await quarantined(log.paths), [`${log.fourth.id}.json`]);
  },
);

repairs(
  "what was pending and has its place is only taken away, also when the message aged out since",
  async (log) => {
    writePending(log.paths, [named(log.last)]);
    await Deno.remove(log.paths.message(messageId(log.last)));
    assert.equal(await log.post("four"), 4);
    assert.deepEqual(await bodies(log.paths), ["1 one", "2 two", "4 four"]);
    assert.deepEqual(log.notices, []);
  },
);

repairs("what is pending and was torn is put aside, and no seq is skipped", async (log) => {
  await Deno.writeTextFile(log.paths.pending, messageLine(log.fourth.message).slice(0, 100));
  assert.equal(await log.post("four"), 4);
  assert.deepEqual(await quarantined(log.paths), ["pending.json"]);
  assert.match(log.notices.join(), /pending .*damaged \(it is cut off\); kept as /);
});

repairs(
  "a bit that flipped in what is pending costs what was not posted, and nothing else",
  async (log) => {
    const line = new TextEncoder().encode(messageLine(log.fourth.message));
    line[200] = (line[200] ?? 0) ^ 1;
    await Deno.writeFile(log.paths.pending, line);
    await placeMessages(log.paths, [log.fourth]);
    assert.equal(await log.post("four"), 4);
    assert.equal((await bodies(log.paths)).length, 4);
    assert.equal((await quarantined(log.paths)).length, 2);
  },
);

repairs(
  "a bit that flipped in a message which is not counted is noticed, and it is put aside",
  async (log) => {
    await placePlain(log, log.fourth);
    const path = log.paths.message(log.fourth.id);
    const bytes = await Deno.readFile(path);
    bytes[250] = (bytes[250] ?? 0) ^ 4;
    await Deno.writeFile(path, bytes);
    assert.equal(await log.post("four"), 4);
    assert.match(log.notices.join(), /message [0-9a-f]{12} of "build-tasks" is damaged/);
  },
);

repairs(
  "an allocator that is behind the messages catches up before a seq is given out",
  async (log) => {
    const old = await Deno.readFile(log.paths.allocator);
    assert.equal(await log.post("four"), 4);
    await Deno.writeFile(log.paths.allocator, old);
    assert.equal(await log.post("five"), 5);
  },
);

repairs(
  "an allocator that is ahead of the messages is believed: they aged out, or are lost",
  async (log) => {
    for (const name of await readdir(log.paths.messages)) {
      await Deno.remove(`${log.paths.messages}/${name}`);
    }
    assert.equal(await log.post("four"), 4);
    const [only] = await readdir(log.paths.messages);
    const message = JSON.parse(await Deno.readTextFile(`${log.paths.messages}/${only}`));
    assert.equal(message.prev, log.allocator.last_msg_id);
  },
);

repairs("an allocator that is gone is made again from the messages", async (log) => {
  await Deno.remove(log.paths.allocator);
  assert.equal(await log.post("four"), 4);
});

repairs(
  "an allocator that is damaged is put aside and made again from the messages",
  async (log) => {
    await Deno.writeTextFile(log.paths.allocator, '{"writer":"danlap","last_se');
    assert.equal(await log.post("four"), 4);
    assert.deepEqual(await quarantined(log.paths), ["allocator.json"]);
    assert.match(log.notices.join(), /the allocator of "build-tasks" is damaged/);
  },
);

repairs(
  "two messages with one seq end posting, since any next one would contradict one of them",
  async (log) => {
    const other = named(nextMessage(log.signer, log.last, { body: "another four" }));
    await placePlain(log, log.fourth);
    await placePlain(log, other);
    await assert.rejects(log.post("five"), /holds two histories at seq 4/);
  },
);

repairs("a message that contradicts what was counted ends posting", async (log) => {
  const fork = nextMessage(log.signer, log.last, {
    body: "other",
    prev: messageId(log.fourth.message),
  });
  await placePlain(log, named(fork));
  await assert.rejects(log.post("five"), /holds two histories at seq 3/);
});

repairs("what is pending and contradicts the messages is put aside", async (log) => {
  const other = named(nextMessage(log.signer, log.last, { body: "another four" }));
  await placePlain(log, log.fourth);
  writePending(log.paths, [other]);
  assert.equal(await log.post("five"), 5);
  assert.match(log.notices.join(), /pending for "build-tasks" contradicts its messages/);
  assert.deepEqual((await bodies(log.paths)).slice(3), ["4 four", "5 five"]);
});

repairs("temporary files of posts that were killed are taken away", async (log) => {
  await Deno.writeTextFile(`${log.paths.folder}/.tmp-1`, "half");
  await log.post("four");
  assert.deepEqual((await readdir(log.paths.folder)).sort(), [
    "allocator.json",
    "lock",
    "messages",
  ]);
});

repairs("files that are none of ours are left alone", async (log) => {
  await Deno.writeTextFile(`${log.paths.messages}/README`, "mine");
  assert.equal(await log.post("four"), 4);
  assert.equal(await Deno.readTextFile(`${log.paths.messages}/README`), "mine");
});

repairs(
  "a pipe, a link and a file of any size in the place of ours hold nobody up",
  async (log) => {
    spawnSync("mkfifo", [log.paths.pending]);
    assert.equal(await log.post("four"), 4);
    await Deno.symlink("/dev/zero", log.paths.pending);
    assert.equal(await log.post("five"), 5);
    await Deno.rename(log.paths.allocator, `${log.paths.folder}/moved`);
    await Deno.writeFile(log.paths.allocator, new Uint8Array(5_000));
    assert.equal(await log.post("six"), 6);
    assert.deepEqual(await quarantined(log.paths), [
      "allocator.json",
      "pending.json",
      "pending.json",
    ]);
  },
);

async function placePlain({ paths }: Log, { id, message }: ReturnType<typeof named>) {
  await Deno.writeTextFile(paths.message(id), messageLine(message));
}

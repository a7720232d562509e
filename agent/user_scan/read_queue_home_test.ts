import assert from "node:assert/strict";
import { join } from "node:path";
import { generateEd25519 } from "../../shared/crypto/ed25519.ts";
import { nextMessage, signedLog } from "../../shared/poolq/log_fixture.ts";
import { type Message, messageId, messageLine } from "../../shared/poolq/message.ts";
import { topicId } from "../../shared/poolq/topic.ts";
import { runOrThrow } from "../../tests/support/run_command.ts";
import { TemporaryRoot } from "../../tests/support/temporary_root.ts";
import { queueLineSchema } from "./queue_lines.ts";
import { serveScan } from "./serve_scan.ts";

/** Writes a topic as `vigo swarm poolq post` leaves it; answers its id. */
async function writeTopic(home: string, log: readonly Message[], counted = log.length) {
  const [first] = log;
  const last = log[counted - 1];
  assert.ok(first && last);
  const id = topicId(first.founder_pubkey, first.topic_name);
  const folder = join(home, ".vigo-poolq", id);
  await Deno.mkdir(join(folder, "messages"), { recursive: true });
  for (const message of log) {
    const path = join(folder, "messages", `${messageId(message)}.json`);
    await Deno.writeTextFile(path, messageLine(message), { mode: 0o600 });
  }
  const allocator = { writer: "web-1", last_seq: last.seq, last_msg_id: messageId(last) };
  await Deno.writeTextFile(join(folder, "allocator.json"), JSON.stringify(allocator), {
    mode: 0o600,
  });
  return id;
}

/** What a look at a home tells, in short. */
async function look(home: string, known: Record<string, { seq: number; id: string }> = {}) {
  const told: string[] = [];
  await serveScan(JSON.stringify({ kind: "poolq_read", home, known }), (line) => {
    const said = queueLineSchema.parse(line);
    if (said.kind === "topic") told.push(`topic to ${said.lastSeq}`);
    else if (said.kind === "message") told.push(`seq ${said.message.seq}`);
    else if (said.kind === "problem") told.push(`problem: ${said.reason}`);
    else told.push(said.kind);
    return Promise.resolve();
  });
  return told;
}

Deno.test("a look at a home tells what is newer than what is known, oldest first", async () => {
  await using root = await TemporaryRoot.create();
  const log = signedLog(generateEd25519().signer, 4);
  const id = await writeTopic(root.path, log);
  const at = (seq: number) => ({ [id]: { seq, id: messageId(log[seq - 1] ?? assert.fail()) } });
  assert.deepEqual(await look(root.path), ["topic to 4", "seq 1", "seq 2", "seq 3", "seq 4"]);
  assert.deepEqual(await look(root.path, at(2)), ["topic to 4", "seq 3", "seq 4"]);
  assert.deepEqual(await look(root.path, at(4)), ["topic to 4"]);
  assert.deepEqual(await look(root.join("nobody")), []);
});

Deno.test("what the allocator does not count is not told", async () => {
  await using root = await TemporaryRoot.create();
  await writeTopic(root.path, signedLog(generateEd25519().signer, 3), 2);
  assert.deepEqual(await look(root.path), ["topic to 2", "seq 1", "seq 2"]);
});

Deno.test("another history than the known one is told from where it differs", async () => {
  await using root = await TemporaryRoot.create();
  const { signer } = generateEd25519();
  const [first, second] = signedLog(signer, 2);
  assert.ok(first && second);
  const other = nextMessage(signer, first, { body: "another" });
  const id = await writeTopic(root.path, [first, other, nextMessage(signer, other)]);
  const known = { [id]: { seq: 2, id: messageId(second) } };
  assert.deepEqual(await look(root.path, known), ["topic to 3", "seq 2", "seq 3"]);
});

Deno.test("a topic whose first messages have aged out begins with the first that is there", async () => {
  await using root = await TemporaryRoot.create();
  const log = signedLog(generateEd25519().signer, 4);
  const id = await writeTopic(root.path, log);
  for (const message of log.slice(0, 2)) {
    await Deno.remove(join(root.path, ".vigo-poolq", id, "messages", `${messageId(message)}.json`));
  }
  assert.deepEqual(await look(root.path), ["topic to 4", "seq 3", "seq 4"]);
});

Deno.test("links, FIFOs, folders, huge and open files in a home are told and never read, and keep nothing else back", async () => {
  await using root = await TemporaryRoot.create();
  const spoil: [string, (path: string) => Promise<unknown>, RegExp][] = [
    ["fifo", (path) => runOrThrow("mkfifo", ["-m", "600", path]), /not a regular file/],
    ["link", (path) => Deno.symlink("/etc/passwd", path), /symbolic link/],
    ["folder", (path) => Deno.mkdir(path), /not a regular file/],
    ["huge", async (path) => {
      await Deno.writeTextFile(path, "", { mode: 0o600 });
      await Deno.truncate(path, 1024 ** 3);
    }, /more than \d+ bytes/],
    ["open", async (path) => {
      await Deno.writeTextFile(path, "{}");
      await Deno.chmod(path, 0o666);
    }, /others may write/],
  ];
  for (const [name, spoilAt, reason] of spoil) {
    for (const spoilt of ["allocator.json", "messages/last"]) {
      const home = root.join(name, spoilt.replaceAll("/", "-"));
      const { signer } = generateEd25519();
      const log = signedLog(signer, 2);
      const id = await writeTopic(home, log);
      const last = messageId(log[1] ?? assert.fail());
      const path = join(home, ".vigo-poolq", id, spoilt.replace(/last$/, `${last}.json`));
      await Deno.remove(path);
      await spoilAt(path);
      await writeTopic(home, signedLog(signer, 1, { topic_name: "sound" }));
      const told = await look(home);
      assert.ok(told.some((line) => reason.test(line)), `${name} ${spoilt}: ${told.join("; ")}`);
      assert.ok(told.includes("seq 1") && told.includes("topic to 1"), `${name} ${spoilt}`);
    }
  }
});

/** What a scrub tells, in short, and what is left of the home. */
async function scrub(home: string, held: Record<string, { seq: number; id: string }>) {
  const told: unknown[] = [];
  await serveScan(JSON.stringify({ kind: "poolq_scrub", home, held }), (line) => {
    const said = queueLineSchema.parse(line);
    told.push(said.kind === "topic" ? said.lastSeq : said.kind === "problem" ? said.reason : said);
    return Promise.resolve();
  });
  const queues = await Array.fromAsync(Deno.readDir(join(home, ".vigo-poolq")), ({ name }) => name)
    .catch(() => []);
  return { told, queues };
}

Deno.test("a scrub tells every head, removes the queues that are held and follows no link", async () => {
  await using root = await TemporaryRoot.create();
  const home = root.join("home");
  const log = signedLog(generateEd25519().signer, 3);
  const topic = await writeTopic(home, log);
  const outside = root.join("outside");
  await Deno.mkdir(outside);
  await Deno.writeTextFile(join(outside, "kept"), "");
  await Deno.symlink(outside, join(home, ".vigo-poolq", "link"));
  await Deno.symlink(outside, join(home, ".vigo-poolq", "0".repeat(64)));
  const held = { [topic]: { seq: 3, id: messageId(log[2] ?? assert.fail()) } };
  assert.deepEqual((await scrub(home, held)).told, [3]);
  assert.deepEqual(await Array.fromAsync(Deno.readDir(home), ({ name }) => name), []);
  assert.ok(await Deno.stat(join(outside, "kept")));
});

Deno.test("a scrub leaves a topic whose last message is not held, and one whose allocator cannot be read", async () => {
  await using root = await TemporaryRoot.create();
  const home = root.join("home");
  const { signer } = generateEd25519();
  const log = signedLog(signer, 3);
  const topic = await writeTopic(home, log);
  const unread = await writeTopic(home, signedLog(signer, 1, { topic_name: "unread" }));
  const lost = await writeTopic(home, signedLog(signer, 1, { topic_name: "lost" }));
  await Deno.writeTextFile(join(home, ".vigo-poolq", unread, "allocator.json"), "torn");
  await Deno.remove(join(home, ".vigo-poolq", lost, "allocator.json"));
  // As a scrub leaves it that is killed in between.
  const folder = join(home, ".vigo-poolq", topic);
  await Deno.rename(folder, `${folder}.leaving`);
  // Its third message was posted after the daemon looked.
  const { told, queues } = await scrub(home, {
    [topic]: { seq: 2, id: messageId(log[1] ?? assert.fail()) },
  });
  assert.deepEqual(queues.sort(), [topic, unread, lost].sort());
  assert.match(told.join("; "), /up to seq 3 is not held/);
  assert.match(told.join("; "), /allocator.json is not one/);
  assert.equal(told.length, 4);
  assert.deepEqual((await look(home)).filter((line) => line.startsWith("seq")).length, 3);
});

Deno.test("messages past their age are removed one by one, and those that are gone are no error", async () => {
  await using root = await TemporaryRoot.create();
  const log = signedLog(generateEd25519().signer, 3);
  const id = await writeTopic(root.path, log);
  const ids = log.slice(0, 2).map(messageId);
  const prune = () =>
    serveScan(
      JSON.stringify({ kind: "poolq_prune", home: root.path, topicId: id, ids }),
      () => Promise.resolve(),
    );
  await prune();
  await prune();
  assert.deepEqual(await look(root.path), ["topic to 3", "seq 3"]);
});

Deno.test("a topic that a link leads to is told and not read, wherever the link is", async () => {
  await using root = await TemporaryRoot.create();
  const elsewhere = root.join("elsewhere");
  const id = await writeTopic(elsewhere, signedLog(generateEd25519().signer, 2));
  for (const linked of ["", id, `${id}/messages`]) {
    const home = root.join(`home-${linked.length}`);
    const path = join(home, ".vigo-poolq", linked);
    await Deno.mkdir(join(path, ".."), { recursive: true });
    if (linked.endsWith("messages")) {
      const allocator = `.vigo-poolq/${id}/allocator.json`;
      await Deno.copyFile(join(elsewhere, allocator), join(home, allocator));
    }
    await Deno.symlink(join(elsewhere, ".vigo-poolq", linked), path);
    const [told, ...more] = await look(home);
    assert.match(told ?? "", /^problem: .* is a symbolic link$/, linked);
    assert.deepEqual(more, []);
  }
});

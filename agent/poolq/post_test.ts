import assert from "node:assert/strict";
import { chmod, readdir } from "node:fs/promises";
import { generateEd25519 } from "../../shared/crypto/ed25519.ts";
import { signedAppointment, signedLog, signedMessage } from "../../shared/poolq/log_fixture.ts";
import { type Message, messageId } from "../../shared/poolq/message.ts";
import { topicId } from "../../shared/poolq/topic.ts";
import { verifyMessage } from "../../shared/poolq/verify_message.ts";
import { delegate, puddleKeys } from "../../shared/puddle/puddle_fixture.ts";
import { PuddleChain } from "../../shared/puddle/puddle_chain.ts";
import { TemporaryRoot } from "../../tests/support/temporary_root.ts";
import { readAllocator } from "./allocator.ts";
import { moveTopic } from "./move_topic.ts";
import { poolqPaths } from "./poolq_paths.ts";
import { postFixture } from "./post_fixture.ts";
import { postMessages } from "./post.ts";

const NAME = "build-tasks";

async function withHome(test: (home: string) => Promise<void>): Promise<void> {
  await using root = await TemporaryRoot.create();
  await test(root.path);
}

async function readLog(home: string, id: string): Promise<Message[]> {
  const paths = poolqPaths(home).topic(id);
  const messages: Message[] = [];
  for (const name of await readdir(paths.messages)) {
    const verdict = verifyMessage(await Deno.readFile(`${paths.messages}/${name}`), {
      id: name.slice(0, -5),
      topicId: id,
    });
    assert.ok(verdict.ok, verdict.ok ? "" : `${name}: ${verdict.reason}`);
    messages.push(verdict.verified.message);
  }
  return messages.sort((one, other) => one.seq - other.seq);
}

Deno.test("messages get seqs without gaps, each names the one before, and the allocator counts them", () =>
  withHome(async (home) => {
    const { context, messageSigner } = postFixture(home);
    const first = await postMessages(context, messageSigner, NAME, ["one"]);
    await postMessages(context, messageSigner, NAME, ["two", "three"]);
    const log = await readLog(home, first.topic.id);
    assert.deepEqual(log.map(({ seq, body }) => [seq, body]), [[1, "one"], [2, "two"], [
      3,
      "three",
    ]]);
    assert.deepEqual(log.slice(1).map(({ prev }) => prev), log.slice(0, -1).map(messageId));
    const found = readAllocator(poolqPaths(home).topic(first.topic.id));
    assert.ok(found.kind === "found");
    assert.equal(found.allocator.last_seq, 3);
    assert.equal(found.allocator.writer, "danlap");
    const names = await readdir(poolqPaths(home).topic(first.topic.id).folder);
    assert.deepEqual(names.sort(), ["allocator.json", "lock", "messages"]);
  }));

Deno.test("bodies keep every character, also those that act in a terminal", () =>
  withHome(async (home) => {
    const { context, messageSigner } = postFixture(home);
    const bodies = ["", "\ufeffx\r\n", "\u0000\u001b[2J", "a".repeat(65_536), "🚀é\n\n"];
    const { topic } = await postMessages(context, messageSigner, NAME, bodies);
    assert.deepEqual((await readLog(home, topic.id)).map(({ body }) => body), bodies);
  }));

Deno.test("times never run back, though the clock is set back", () =>
  withHome(async (home) => {
    let nowMs = 2_000_000;
    const clock = () => ({ nowMs, isCorrected: false });
    const { context, messageSigner } = postFixture(home, { clock });
    const { topic } = await postMessages(context, messageSigner, NAME, ["one"]);
    nowMs = 1_000_000;
    await postMessages(context, messageSigner, NAME, ["two", "three"]);
    const times = (await readLog(home, topic.id)).map(({ posted_at_ms }) => posted_at_ms);
    assert.deepEqual(times, [2_000_000, 2_000_001, 2_000_002]);
  }));

Deno.test("a post whose time would be far ahead of the fleet's is refused, and both clocks are named", () =>
  withHome(async (home) => {
    const hour = 3_600_000;
    let clock = { nowMs: 2 * hour, isCorrected: false };
    const { context, messageSigner } = postFixture(home, { clock: () => clock });
    await postMessages(context, messageSigner, NAME, ["ahead"]);
    clock = { nowMs: hour, isCorrected: true };
    await assert.rejects(
      postMessages(context, messageSigner, NAME, ["now"]),
      /1970-01-01T02:00:00.000Z.*fleet's clock says 1970-01-01T01:00:00.000Z/,
    );
    clock = { nowMs: 2 * hour - 5 * 60_000 + 1, isCorrected: true };
    await postMessages(context, messageSigner, NAME, ["close enough"]);
  }));

Deno.test("a home that is gone goes on after the head that the machine remembers", () =>
  withHome(async (home) => {
    const { signer } = generateEd25519();
    const log = signedLog(signer, 3);
    const last = log.at(-1);
    assert.ok(last);
    const id = topicId(signer.publicKey.toHex(), NAME);
    const remembered = new Map([[id, { seq: 3, id: messageId(last), writer: "danlap" }]]);
    const { context, messageSigner } = postFixture(home, { remembered }, signer);
    const { messages } = await postMessages(context, messageSigner, NAME, ["fourth"]);
    assert.deepEqual(messages.map(({ seq }) => seq), [4]);
    assert.equal((await readLog(home, id))[0]?.prev, messageId(last));
  }));

Deno.test("what the home, the daemon and a restored server have all lost is told, and its seqs stay used", () =>
  withHome(async (home) => {
    const { signer } = generateEd25519();
    const log = signedLog(signer, 5);
    const [third, last] = [log[2], log[4]];
    assert.ok(third && last);
    const id = topicId(signer.publicKey.toHex(), NAME);
    const appointment = signedAppointment(signer, "danlap");
    const remembered = new Map([
      [id, { seq: 5, id: messageId(last), writer: "danlap", appointment }],
    ]);
    const { context, messageSigner, fleet, notices } = postFixture(home, { remembered }, signer);
    fleet.head = {
      topicId: id,
      name: NAME,
      founder: signer.publicKey.toHex() as typeof id,
      firstSeq: 1,
      headSeq: 3,
      headId: messageId(third),
      count: 3,
      writer: "danlap",
      appointments: [appointment],
      blocked: false,
    };
    const { messages } = await postMessages(context, messageSigner, NAME, ["next"]);
    assert.deepEqual(messages.map(({ seq }) => seq), [6]);
    assert.equal((await readLog(home, id))[0]?.prev, messageId(last));
    assert.match(notices.join(), /seq 4–5 of "build-tasks" were posted from here, .*another name/);
  }));

Deno.test("a home restored from an older backup gets back what was posted since, before it goes on", () =>
  withHome(async (home) => {
    const { context, messageSigner, fleet, signer, notices } = postFixture(home);
    const { topic } = await postMessages(context, messageSigner, NAME, ["one", "two"]);
    const paths = poolqPaths(home).topic(topic.id);
    const backup = await Deno.readFile(paths.allocator);
    const { messages } = await postMessages(context, messageSigner, NAME, [
      "three",
      "four",
      "five",
    ]);
    const log = await readLog(home, topic.id);
    for (const { id } of messages) await Deno.remove(paths.message(id));
    await Deno.writeFile(paths.allocator, backup);

    const head = {
      topicId: topic.id,
      name: NAME,
      founder: signer.publicKey.toHex() as typeof topic.id,
      firstSeq: 1,
      headSeq: 5,
      headId: messages[2]?.id ?? "" as const,
      count: 5,
      writer: "danlap",
      blocked: false,
    };
    fleet.head = head;
    await assert.rejects(
      postMessages(context, messageSigner, NAME, ["six"]),
      /this home ends at seq 2 and 5 was posted from here.*nobody hands them out.*--lost-writer/,
    );
    const common = { ...head, source: "server", delegations: [], equivocation: null };
    fleet.ranges = (from) => ({ ...common, messages: log.slice(from - 1, from + 1) });
    const posted = await postMessages(context, messageSigner, NAME, ["six"]);
    assert.equal(posted.messages[0]?.seq, 6);
    assert.deepEqual(await readLog(home, topic.id).then((all) => all.slice(0, 5)), log);
    assert.match(notices.join(), /seq 3–4 .* came back.*seq 5–5 .* came back/s);
  }));

Deno.test("what comes back to an older home has to be what was posted from it", () =>
  withHome(async (home) => {
    const { context, messageSigner, fleet, signer } = postFixture(home);
    const { topic, messages } = await postMessages(context, messageSigner, NAME, ["one"]);
    const forged = signedLog(generateEd25519().signer, 2, {
      founder_pubkey: topic.founder as Message["founder_pubkey"],
    });
    const last = forged.at(-1);
    assert.ok(last && messages[0]);
    fleet.head = {
      topicId: topic.id,
      name: NAME,
      founder: signer.publicKey.toHex() as typeof topic.id,
      firstSeq: 1,
      headSeq: 2,
      headId: messageId(last),
      count: 2,
      writer: "danlap",
      blocked: false,
    };
    const range = { ...fleet.head, source: "peer x", delegations: [], equivocation: null };
    fleet.ranges = () => ({ ...range, messages: [last] });
    await assert.rejects(
      postMessages(context, messageSigner, NAME, ["two"]),
      /neither the founder/,
    );
    assert.equal((await readLog(home, topic.id)).length, 1);
  }));

Deno.test("a topic that another envoy writes is not posted to, and the way to it is named", () =>
  withHome(async (home) => {
    const { context, messageSigner, fleet, signer } = postFixture(home);
    const id = topicId(signer.publicKey.toHex(), NAME);
    fleet.head = {
      topicId: id,
      name: NAME,
      founder: signer.publicKey.toHex() as typeof id,
      firstSeq: 1,
      headSeq: 7,
      headId: messageId(signedMessage(signer)),
      count: 7,
      writer: "web-2",
      appointments: [signedAppointment(signer, "web-2")],
      blocked: false,
    };
    await assert.rejects(
      postMessages(context, messageSigner, NAME, ["x"]),
      /written from web-2; post there, or run there: vigo swarm poolq move build-tasks --to danlap/,
    );
  }));

Deno.test("nobody but the puddle makes this envoy the writer of a topic", () =>
  withHome(async (home) => {
    const { context, messageSigner, fleet, signer } = postFixture(home);
    const id = topicId(signer.publicKey.toHex(), NAME);
    const forged = signedAppointment(generateEd25519().signer, "danlap", { topic_id: id });
    const head = {
      topicId: id,
      name: NAME,
      founder: signer.publicKey.toHex() as typeof id,
      firstSeq: 1,
      headSeq: 7,
      headId: messageId(signedMessage(signer)),
      count: 7,
      writer: "danlap",
      blocked: false,
    };
    const post = () => postMessages(context, messageSigner, NAME, ["x"]);
    for (const appointments of [[], [forged], ["damaged"]]) {
      fleet.head = { ...head, appointments };
      await assert.rejects(post(), /written from another envoy/);
    }
    const moved = signedAppointment(signer, "danlap", { after_seq: 7 });
    const before = signedAppointment(signer, "web-2");
    fleet.head = { ...head, appointments: [forged, moved, before] };
    assert.deepEqual((await post()).messages.map(({ seq }) => seq), [8]);
    const found = readAllocator(poolqPaths(home).topic(id));
    assert.deepEqual(found.kind === "found" && found.allocator.appointment, moved);
  }));

Deno.test("a home that was restored from before a move does not post, though no message came since", () =>
  withHome(async (home) => {
    const { context, messageSigner, fleet } = postFixture(home);
    const { topic, messages } = await postMessages(context, messageSigner, NAME, ["one"]);
    const paths = poolqPaths(home).topic(topic.id);
    const backup = await Deno.readFile(paths.allocator);
    await moveTopic(context, messageSigner, NAME, "web-2");
    const found = readAllocator(paths);
    assert.ok(found.kind === "found");
    await Deno.writeFile(paths.allocator, backup);
    fleet.head = {
      topicId: topic.id,
      name: NAME,
      founder: topic.founder as typeof topic.id,
      firstSeq: 1,
      headSeq: 1,
      headId: messages[0]?.id ?? "",
      count: 1,
      writer: "web-2",
      appointments: [found.allocator.appointment],
      blocked: false,
    };
    await assert.rejects(
      postMessages(context, messageSigner, NAME, ["two"]),
      /written from web-2/,
    );
  }));

Deno.test("an allocator that the puddle did not sign is this home's own word, and the next post signs it", () =>
  withHome(async (home) => {
    const { context, messageSigner, notices } = postFixture(home);
    const { topic } = await postMessages(context, messageSigner, NAME, ["one"]);
    const paths = poolqPaths(home).topic(topic.id);
    const { appointment: first, ...unsigned } = JSON.parse(
      await Deno.readTextFile(paths.allocator),
    );
    assert.deepEqual([first.writer, first.after_seq, first.turn], ["danlap", 0, 1]);
    await Deno.writeTextFile(paths.allocator, JSON.stringify(unsigned));
    await postMessages(context, messageSigner, NAME, ["two"]);
    const found = readAllocator(paths);
    assert.ok(found.kind === "found");
    assert.equal(found.allocator.appointment?.after_seq, 1);
    assert.deepEqual(notices, []);
    const other = { ...found.allocator, writer: "web-2" };
    await Deno.writeTextFile(paths.allocator, JSON.stringify(other));
    assert.equal(readAllocator(paths).kind, "damaged");
  }));

Deno.test("after a new key the bare name still means the topic that the old one founded", () =>
  withHome(async (home) => {
    const [old, next] = puddleKeys(2);
    assert.ok(old && next);
    const before = postFixture(home, {}, old.signer);
    const first = await postMessages(before.context, before.messageSigner, NAME, ["one"]);
    const heads = [{ topicId: first.topic.id, seq: 1, msgId: first.messages[0]?.id ?? "" }];
    const delegation = delegate(old, next, heads);
    const puddle = {
      publicKey: next.key,
      retired: [delegation],
      chain: new PuddleChain([delegation]),
      foundingKeys: [old.key, next.key],
    };
    const after = postFixture(home, { puddle }, next.signer);
    const second = await postMessages(after.context, after.messageSigner, NAME, ["two"]);
    assert.equal(second.topic.id, first.topic.id);
    assert.deepEqual(second.messages.map(({ seq }) => seq), [2]);
    const old2 = postFixture(home, { puddle }, old.signer);
    await assert.rejects(
      postMessages(old2.context, old2.messageSigner, NAME, ["three"]),
      /was retired at seq 1/,
    );
    const fresh = await postMessages(after.context, after.messageSigner, "other", ["one"]);
    assert.equal(fresh.topic.founder, next.key);
  }));

Deno.test("a folder that is a link, or open to others, is not written to", () =>
  withHome(async (home) => {
    const { context, messageSigner } = postFixture(home);
    await Deno.mkdir(`${home}/elsewhere`);
    await Deno.symlink(`${home}/elsewhere`, `${home}/.vigo-poolq`);
    await assert.rejects(postMessages(context, messageSigner, NAME, ["x"]), /is not a folder/);
    await Deno.remove(`${home}/.vigo-poolq`);
    await Deno.mkdir(`${home}/.vigo-poolq`);
    await chmod(`${home}/.vigo-poolq`, 0o777);
    await assert.rejects(postMessages(context, messageSigner, NAME, ["x"]), /run: chmod 0700/);
    assert.deepEqual(await readdir(`${home}/elsewhere`), []);
  }));

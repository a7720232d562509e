import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import { sha256Hex } from "../../shared/crypto/sha256.ts";
import { TemporaryRoot } from "../../tests/support/temporary_root.ts";
import { poolqPaths } from "./poolq_paths.ts";
import { MAX_SUBSCRIPTIONS, OWN_GROUP, Subscriptions } from "./subscriptions.ts";

const topic = sha256Hex("topic"), id = sha256Hex("message");

async function withHome(
  test: (open: () => Promise<Subscriptions>, home: string, notices: string[]) => Promise<void>,
): Promise<void> {
  await using root = await TemporaryRoot.create();
  const notices: string[] = [];
  const open = () => Subscriptions.open(poolqPaths(root.path), (text) => notices.push(text));
  await test(open, root.path, notices);
}

Deno.test("subscribing again keeps the offset, and fills in a name that was not known", () =>
  withHome(async (open) => {
    using subscriptions = await open();
    await subscriptions.subscribe(topic, "");
    await subscriptions.setOffset(topic, OWN_GROUP, { offset_seq: 7, offset_id: id });
    const again = await subscriptions.subscribe(topic, "events");
    assert.deepEqual([again.topic_name, again.offset_seq, again.offset_id], ["events", 7, id]);
    assert.equal((await subscriptions.subscribe(topic, "other")).topic_name, "events");
  }));

Deno.test("offsets are there for the next command, and a seek forgets the id", () =>
  withHome(async (open) => {
    {
      using subscriptions = await open();
      await subscriptions.subscribe(topic, "events");
      await subscriptions.setOffset(topic, OWN_GROUP, { offset_seq: 7, offset_id: id });
      await subscriptions.setOffset(topic, OWN_GROUP, { offset_seq: 2 });
    }
    using later = await open();
    const offset = later.offset(topic, OWN_GROUP);
    assert.deepEqual([offset?.offset_seq, offset?.offset_id], [2, undefined]);
  }));

Deno.test("a group begins at 0 and has its own offset, also one called like what every object has", () =>
  withHome(async (open) => {
    using subscriptions = await open();
    assert.equal(subscriptions.offset(topic, "constructor"), undefined);
    await subscriptions.subscribe(topic, "events");
    for (const group of ["constructor", "toString", "builder"]) {
      assert.deepEqual(subscriptions.offset(topic, group), { offset_seq: 0 });
      await subscriptions.setOffset(topic, group, { offset_seq: 3 });
      assert.deepEqual(subscriptions.offset(topic, group), { offset_seq: 3 });
    }
    assert.equal(subscriptions.offset(topic, OWN_GROUP)?.offset_seq, 0);
  }));

Deno.test("a second command waits until the first is done", () =>
  withHome(async (open) => {
    const first = await open();
    await first.subscribe(topic, "events");
    let isOpen = false;
    const second = open().then((subscriptions) => {
      isOpen = true;
      return subscriptions;
    });
    await first.setOffset(topic, OWN_GROUP, { offset_seq: 5 });
    assert.equal(isOpen, false);
    first[Symbol.dispose]();
    using subscriptions = await second;
    assert.equal(subscriptions.offset(topic, OWN_GROUP)?.offset_seq, 5);
  }));

for (
  const [what, text] of [
    ["cut off", '{"schema_version":1,"subscr'],
    ["of another shape", '{"schema_version":1,"subscriptions":{"../x":{}}}'],
    ["too large", " ".repeat(4 * 1024 * 1024 + 1)],
    ["not text", "\u0000"],
  ] as const
) {
  Deno.test(`a file of subscriptions that is ${what} is put aside, and nothing of it is lost`, () =>
    withHome(async (open, home, notices) => {
      (await open())[Symbol.dispose]();
      const { subscriptions: path, folder } = poolqPaths(home);
      await Deno.writeTextFile(path, text);
      using subscriptions = await open();
      assert.deepEqual(subscriptions.list(), []);
      const [kept] = await readdir(`${folder}/quarantine`);
      assert.equal(await Deno.readTextFile(`${folder}/quarantine/${kept}`), text);
      assert.match(notices.join(), /is damaged .*Subscribe again, and seek to where you were/);
    }));
}

Deno.test("a user has so many subscriptions and no more", () =>
  withHome(async (open, home) => {
    (await open())[Symbol.dispose]();
    const all = Array.from({ length: MAX_SUBSCRIPTIONS }, (_, index) => [
      sha256Hex(String(index)),
      { topic_name: "", offset_seq: 0, groups: {} },
    ]);
    const file = { schema_version: 1, subscriptions: Object.fromEntries(all) };
    await Deno.writeTextFile(poolqPaths(home).subscriptions, JSON.stringify(file));
    using subscriptions = await open();
    await assert.rejects(subscriptions.subscribe(topic, "one more"), /4096 subscriptions/);
    await subscriptions.subscribe(sha256Hex("0"), "known");
  }));

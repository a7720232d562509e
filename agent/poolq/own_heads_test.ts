import assert from "node:assert/strict";
import { TemporaryRoot } from "../../tests/support/temporary_root.ts";
import { readKnownHeads } from "./known_head.ts";
import { listOwnHeads } from "./own_heads.ts";
import { poolqPaths } from "./poolq_paths.ts";
import { postFixture } from "./post_fixture.ts";
import { postMessages } from "./post.ts";

Deno.test("the heads of a home are those of all its topics, in order of their ids", async () => {
  await using root = await TemporaryRoot.create();
  assert.deepEqual(await listOwnHeads(root.path), []);
  const { context, messageSigner } = postFixture(root.path);
  const posted = await Promise.all(["one", "two", "three"].map(async (name, index) => {
    const bodies = Array.from({ length: index + 1 }, () => "x");
    const { topic, messages } = await postMessages(context, messageSigner, name, bodies);
    return { topicId: topic.id, seq: index + 1, msgId: messages.at(-1)?.id };
  }));
  posted.sort((one, other) => one.topicId < other.topicId ? -1 : 1);
  assert.deepEqual(await listOwnHeads(root.path), posted);
});

Deno.test("a topic whose last message is in doubt has no head, and the way out is named", async () => {
  await using root = await TemporaryRoot.create();
  const { context, messageSigner } = postFixture(root.path);
  const { topic } = await postMessages(context, messageSigner, "one", ["x"]);
  const paths = poolqPaths(root.path).topic(topic.id);
  await Deno.writeTextFile(paths.pending, "half");
  await assert.rejects(listOwnHeads(root.path), /was interrupted. Post to it once more/);
  await postMessages(context, messageSigner, "one", ["y"]);
  assert.equal((await listOwnHeads(root.path))[0]?.seq, 2);
  await Deno.writeTextFile(paths.allocator, "{");
  await assert.rejects(listOwnHeads(root.path), /Post to it once more/);
});

Deno.test("heads that outlived a home are read; a file that does not hold them is not passed over", async () => {
  await using root = await TemporaryRoot.create();
  assert.equal((await readKnownHeads(root.path, "mara")).size, 0);
  await Deno.mkdir(root.join("poolq-heads"));
  const id = "a".repeat(64), msg = "b".repeat(64);
  const head = { topic_name: "t", writer: "web-1", last_seq: 3, last_msg_id: msg };
  const write = (value: unknown) =>
    Deno.writeTextFile(root.join("poolq-heads/mara.json"), JSON.stringify(value));
  await write({ schema_version: 1, user: "mara", topics: { [id]: head } });
  assert.deepEqual((await readKnownHeads(root.path, "mara")).get(id), {
    seq: 3,
    id: msg,
    writer: "web-1",
  });
  for (
    const bad of [{ user: "mara" }, { user: "jo", topics: {} }, {
      user: "mara",
      topics: { x: head },
    }]
  ) {
    await write(bad);
    await assert.rejects(readKnownHeads(root.path, "mara"), /does not hold heads of queues/);
  }
});

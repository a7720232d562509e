import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { generateEd25519, type Signer } from "../../shared/crypto/ed25519.ts";
import { ChainReader } from "../../shared/poolq/chain.ts";
import { PuddleChain } from "../../shared/puddle/puddle_chain.ts";
import { topicId } from "../../shared/poolq/topic.ts";
import { poolqPaths, type TopicPaths } from "../../agent/poolq/poolq_paths.ts";
import { postFixture } from "../../agent/poolq/post_fixture.ts";
import { postMessages } from "../../agent/poolq/post.ts";
import { POST_STEPS } from "../../agent/poolq/post_steps.ts";
import { TestProcess } from "../support/process.ts";
import { runOrThrow } from "../support/run_command.ts";
import { SmallDisk } from "../support/small_disk.ts";
import { TemporaryRoot } from "../support/temporary_root.ts";

const NAME = "build-tasks";
const POSTER = new URL("../support/poolq_poster.ts", import.meta.url).pathname;
const DEADLINE_MS = 120_000;

/** A user whose posts are made by processes that may be killed. */
class Poster implements AsyncDisposable {
  private constructor(
    private readonly root: TemporaryRoot,
    readonly home: string,
    readonly signer: Signer,
    private readonly key: string,
  ) {}

  static async create(home?: string): Promise<Poster> {
    const root = await TemporaryRoot.create();
    const { privateKeyPem, signer } = generateEd25519();
    const key = root.join("key.pem");
    await Deno.writeTextFile(key, privateKeyPem);
    const own = home ?? root.join("home");
    await Deno.mkdir(own, { recursive: true });
    return new Poster(root, own, signer, key);
  }

  get paths(): TopicPaths {
    return poolqPaths(this.home).topic(topicId(this.signer.publicKey.toHex(), NAME));
  }

  start(mode: string, ...bodies: readonly string[]): TestProcess {
    const args = ["run", "-A", "--no-prompt", POSTER, this.home, this.key, mode, ...bodies];
    return TestProcess.start(Deno.execPath(), args);
  }

  /** Posts from this process, and answers with the seq. */
  async post(...bodies: readonly string[]): Promise<number[]> {
    const { context, messageSigner } = postFixture(this.home, {}, this.signer);
    const { messages } = await postMessages(context, messageSigner, NAME, bodies);
    return messages.map(({ seq }) => seq);
  }

  /** The whole log as a reader proves it, `SEQ BODY`, and what else there is to say of it. */
  async read(): Promise<string[]> {
    const { messages } = this.paths;
    const files = (await readdir(messages)).filter((name) => name.endsWith(".json"));
    const all = await Promise.all(files.map((name) => Deno.readFile(join(messages, name))));
    const seqOf = (bytes: Uint8Array) => JSON.parse(new TextDecoder().decode(bytes)).seq;
    all.sort((one, other) => seqOf(one) - seqOf(other));
    const id = topicId(this.signer.publicKey.toHex(), NAME);
    const reader = new ChainReader({
      topicId: id,
      authors: new PuddleChain([]),
      from: 1,
      firstSeq: 1,
    });
    const verdicts = [...all.flatMap((bytes) => reader.take(bytes)), ...reader.end(all.length)];
    return verdicts.map((verdict) => {
      if (verdict.kind !== "message") return JSON.stringify(verdict);
      return `${verdict.verified.message.seq} ${verdict.verified.message.body}`;
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.root[Symbol.asyncDispose]();
  }
}

/** What a process said that it had posted: nothing of this may ever be lost. */
function acknowledged(process: TestProcess): string[] {
  return process.lines.filter(({ text }) => text.startsWith("posted ")).map(({ text }) => text);
}

for (const bodies of [["two"], ["two", "three", "four"]]) {
  const what = bodies.length === 1 ? "a post" : "a batch";
  for (const step of Object.keys(POST_STEPS)) {
    const isWritten = step !== "writePending";
    const outcome = isWritten ? "is finished by the next post" : "leaves nothing";
    Deno.test(`${what} that is killed before ${step} ${outcome}, and no seq is used twice`, async () => {
      await using poster = await Poster.create();
      await poster.post("one");
      await using killed = poster.start(step, ...bodies);
      await killed.waitForLine(/^stopped before/, DEADLINE_MS);
      await killed.kill();
      await poster.post("last");
      const all = ["one", ...isWritten ? bodies : [], "last"];
      assert.deepEqual(await poster.read(), all.map((body, index) => `${index + 1} ${body}`));
      const left = (await readdir(poster.paths.folder)).sort();
      assert.deepEqual(left, ["allocator.json", "lock", "messages"]);
    });
  }
}

Deno.test("a batch that is killed while its messages get their files is finished by the next post", async () => {
  await using poster = await Poster.create();
  await poster.post("one");
  await using killed = poster.start("withinPlaceMessages", "two", "three", "four");
  await killed.waitForLine(/^stopped within/, DEADLINE_MS);
  await killed.kill();
  assert.equal((await readdir(poster.paths.messages)).length, 3, "of four");
  await poster.post("last");
  assert.deepEqual(await poster.read(), ["1 one", "2 two", "3 three", "4 four", "5 last"]);
});

Deno.test("whenever a process is killed, what it said it had posted is there, in one unbroken log", async () => {
  await using poster = await Poster.create();
  const said: string[] = [];
  for (const round of [1, 2, 3]) {
    await using process = poster.start("each", "100000", `round ${round}`);
    await process.waitForLine(/^posted \d*[37] /, DEADLINE_MS);
    await process.kill();
    said.push(...acknowledged(process));
  }
  await poster.post("last");
  const log = await poster.read();
  assert.deepEqual(log.map((line) => Number(line.split(" ")[0])), log.map((_, index) => index + 1));
  const files = await readdir(poster.paths.messages);
  for (const line of said) {
    const [, , id] = line.split(" ");
    assert.ok(files.includes(`${id}.json`), line);
  }
  assert.ok(log.length > said.length);
});

Deno.test("processes that post to one topic at once take turns: every message is there, in one unbroken log", async () => {
  await using poster = await Poster.create();
  const processes = [1, 2, 3].map((number) => poster.start("each", "15", `poster ${number}`));
  try {
    const ends = await Promise.all(processes.map(({ exited }) => exited));
    assert.deepEqual(ends.map(({ code }) => code), [0, 0, 0]);
    const log = await poster.read();
    assert.deepEqual(log.map((line) => line.split(" ")[0]), log.map((_, index) => `${index + 1}`));
    const bodies = log.map((line) => line.replace(/^\d+ /, "")).sort();
    const wanted = [1, 2, 3].flatMap((number) =>
      Array.from({ length: 15 }, (_, index) => `poster ${number} ${index + 1}`)
    );
    assert.deepEqual(bodies, wanted.sort());
  } finally {
    for (const process of processes) await process[Symbol.asyncDispose]();
  }
});

/** A file system of a known small size takes a mount. */
const takesMount = { ignore: Deno.build.os !== "linux" || Deno.uid() !== 0 };

Deno.test(
  "on a full disk a post says so and what becomes of it; with room again the log goes on unbroken",
  takesMount,
  async () => {
    await using root = await TemporaryRoot.create();
    const disk = root.join("disk");
    await using small = await SmallDisk.mount(disk, 8);
    await using poster = await Poster.create(join(disk, "home"));
    await poster.post("one");
    await small.fill(1);
    const body = "x".repeat(60_000);
    const posted: number[] = [];
    await assert.rejects(
      async () => {
        for (;;) posted.push(...await poster.post(body));
      },
      /^UserError: Cannot (post to|finish posting to) "build-tasks": .*(Nothing was posted|next post puts it first)/,
    );
    await small.empty();
    await poster.post("last");
    const log = await poster.read();
    assert.ok(log.length >= posted.length + 2);
    assert.deepEqual(log.map((line) => line.split(" ")[0]), log.map((_, index) => `${index + 1}`));
    assert.match(log.at(-1) ?? "", / last$/);
  },
);

Deno.test(
  "a batch for which the disk has half the room is kept, and the next post puts it first",
  takesMount,
  async () => {
    await using root = await TemporaryRoot.create();
    const disk = root.join("disk");
    await using small = await SmallDisk.mount(disk, 8);
    await using poster = await Poster.create(join(disk, "home"));
    await poster.post("one");
    // Two to three MiB are free: room for what is pending, and not for its second copy.
    await small.fill(2);
    const batch = Array.from({ length: 38 }, (_, index) => `${index} ${"x".repeat(50_000)}`);
    await assert.rejects(poster.post(...batch), /Cannot finish posting.*kept in .*pending\.json/);
    await small.empty();
    assert.deepEqual(await poster.post("last"), [40]);
    const bodies = (await poster.read()).map((line) => line.replace(/^\d+ /, ""));
    assert.deepEqual(bodies, ["one", ...batch, "last"]);
  },
);

Deno.test(
  "in a home that cannot be written nothing is posted, and nothing changes",
  takesMount,
  async () => {
    await using root = await TemporaryRoot.create();
    const disk = root.join("disk");
    await using _small = await SmallDisk.mount(disk, 4);
    await using poster = await Poster.create(join(disk, "home"));
    await poster.post("one");
    await runOrThrow("mount", ["-o", "remount,ro", disk]);
    await assert.rejects(
      poster.post("two"),
      /^UserError: Cannot (use|post to).*(EROFS|[Rr]ead-only file system).*make it writable/,
    );
    await runOrThrow("mount", ["-o", "remount,rw", disk]);
    assert.deepEqual(await poster.post("two"), [2]);
  },
);

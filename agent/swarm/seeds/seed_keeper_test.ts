import assert from "node:assert/strict";
import { sha256Hex } from "../../../shared/crypto/sha256.ts";
import { REVOKED_HORIZON_MS } from "../../../shared/swarm/manifest.ts";
import { type ManifestEntry, manifestEntryBytes } from "../../../shared/swarm/manifest_entry.ts";
import { TargetDecision } from "../../../shared/swarm/target_decision.ts";
import { TemporaryRoot } from "../../../tests/support/temporary_root.ts";
import { BlobStore } from "../blobs/blob_store.ts";
import { localHasher } from "../hashing/local_hasher.ts";
import { FakeSigners, keyOf } from "../manifest/fake_entries.ts";
import { ManifestBook } from "../manifest/manifest_book.ts";
import { ROSTER_START } from "../manifest/server_roster.ts";
import { SwarmPaths } from "../swarm_paths.ts";
import { SeedKeeper } from "./seed_keeper.ts";

const SIGNAL = new AbortController().signal;
const EVERYONE = JSON.stringify({ target: "*", retention: "7d" });

/** A seed keeper with a real folder, store, hasher and manifest; `restart` opens them as a later run of the engine would. */
async function makeKeeper(options: { readonly maySeed?: boolean } = {}) {
  const root = await TemporaryRoot.create();
  const paths = new SwarmPaths(root.path);
  for (const folder of [paths.blobs, paths.seed, paths.graveyard]) await Deno.mkdir(folder);
  const signers = new FakeSigners();
  const clock = { offsetMs: 0 };
  const published: ManifestEntry[] = [];
  const logged: string[] = [];
  const hasher = localHasher();
  const now = () => Date.now() + clock.offsetMs;
  const open = async () => {
    const book = await ManifestBook.open({
      paths,
      trust: signers.trust(),
      author: keyOf(signers.own),
      instance: "0".repeat(16),
      now,
      onChange: () => {},
      onDropped: () => {},
      onUnsaid: (entries) => entries.forEach(({ sha256 }) => keeper.forgetStamp(sha256)),
      log: () => {},
    });
    const keeper = await SeedKeeper.open({
      paths,
      store: await BlobStore.open(paths),
      book,
      hasher,
      targets: new TargetDecision(),
      author: keyOf(signers.own),
      serverKey: keyOf(signers.server),
      hostname: "own",
      now,
      refusal: () => options.maySeed === false ? "refused: not in swarm.seeders" : undefined,
      sign: (unsigned) => {
        const signature = signers.own.sign(manifestEntryBytes(unsigned)).toHex();
        published.push({ ...unsigned, signature });
        return Promise.resolve({ ...unsigned, signature });
      },
      log: (level, message) => {
        if (level === "error") logged.push(message);
      },
    });
    return { book, keeper };
  };
  let { book, keeper } = await open();
  return {
    paths,
    signers,
    clock,
    published,
    /** Errors that the keeper logged. */
    logged,
    get book() {
      return book;
    },
    get keeper() {
      return keeper;
    },
    place: async (name: string, content: string, swarm = EVERYONE) => {
      await Deno.writeTextFile(paths.seedFile(name), content);
      await Deno.writeTextFile(paths.seedFile(`${name}.swarm`), swarm);
    },
    remove: async (name: string) => {
      await Deno.remove(paths.seedFile(name));
      await Deno.remove(paths.seedFile(`${name}.swarm`));
    },
    /** Scans until everything has settled, and twice more, so that what is missing counts. */
    settle: async () => {
      for (let scans = 0; scans < 5; scans += 1) await keeper.scan(SIGNAL);
    },
    restart: async (between = () => Promise.resolve()) => {
      await book.close();
      await between();
      ({ book, keeper } = await open());
    },
    names: async (folder: string) =>
      (await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name).sort(),
    [Symbol.asyncDispose]: async () => {
      await book.close();
      await root[Symbol.asyncDispose]();
    },
  };
}

const labels = (entries: readonly ManifestEntry[]) =>
  entries.map(({ label, state }) => `${label} ${state}`);

Deno.test("two files of one content are one seed, and the second says so", async () => {
  await using test = await makeKeeper();
  await test.place("a.tar", "content");
  await test.place("b.tar", "content");
  await test.settle();
  await test.restart();
  await test.settle();
  assert.deepEqual(labels(test.published), ["a.tar active"]);
  assert.deepEqual(test.keeper.problems, [{ label: "b.tar", reason: "already seeded by own" }]);
});

Deno.test("a blob whose seed is removed lives on under the name of the other file that holds it", async () => {
  await using test = await makeKeeper();
  await test.place("a.tar", "content");
  await test.place("b.tar", "content");
  await test.settle();
  await test.remove("a.tar");
  await test.settle();
  assert.deepEqual(labels(test.published), ["a.tar active", "b.tar active"]);
  assert.equal(test.published[1]?.createdMs, test.published[0]?.createdMs);
  assert.deepEqual(test.keeper.problems, []);
  await test.remove("b.tar");
  await test.settle();
  assert.deepEqual(labels(test.published).at(-1), "b.tar revoked");
});

Deno.test("a seed whose .swarm was taken away gives its blob to another name, and is no broken seed for that", async () => {
  await using test = await makeKeeper();
  await test.place("a.tar", "content");
  await test.settle();
  await test.place("b.tar", "content", JSON.stringify({ target: "web-*", retention: "0" }));
  await Deno.remove(test.paths.seedFile("a.tar.swarm"));
  await test.settle();
  assert.deepEqual(labels(test.published), ["a.tar active", "b.tar active"]);
  assert.equal(test.published[1]?.target, "web-*");
  assert.deepEqual(test.keeper.problems, []);
});

Deno.test("another content under the same name revokes the former, unless another file holds it", async () => {
  await using test = await makeKeeper();
  await test.place("a.tar", "one");
  await test.place("b.tar", "one");
  await test.settle();
  await test.place("a.tar", "other one");
  await test.settle();
  assert.equal(test.book.manifest.isLive(sha256Hex("one")), true);
  assert.equal(test.book.manifest.effective(sha256Hex("one"))?.label, "b.tar");
  assert.equal(test.book.manifest.effective(sha256Hex("other one"))?.label, "a.tar");
  await test.place("b.tar", "and another");
  await test.settle();
  assert.equal(test.book.manifest.isRevoked(sha256Hex("one")), true);
  assert.deepEqual(test.keeper.problems, []);
});

Deno.test("what another host seeds already adds nothing, and takes over when that host lets go", async () => {
  await using test = await makeKeeper();
  const theirs = test.signers.entry("other", "content", { stamp: Date.now() - 9 });
  await test.book.receive([theirs]);
  await test.place("a.tar", "content");
  await test.settle();
  assert.deepEqual(test.keeper.problems, [{ label: "a.tar", reason: "already seeded by other" }]);
  assert.deepEqual(test.published, []);
  const letGo = { state: "revoked", stamp: Date.now() - 5 } as const;
  await test.book.receive([test.signers.entry("other", "content", letGo)]);
  await test.keeper.noteRevoked(theirs.sha256);
  await test.settle();
  assert.deepEqual(labels(test.published), ["a.tar active"]);
});

Deno.test("a revocation by the server buries a second host's copy too, and it does not come back", async () => {
  await using test = await makeKeeper();
  await test.book.receive([test.signers.entry("other", "content", { stamp: Date.now() - 9 })]);
  await test.place("a.tar", "content");
  await test.settle();
  const revocation = { state: "revoked", stamp: Date.now() } as const;
  await test.book.receive([test.signers.entry("server", "content", revocation)]);
  await test.settle();
  assert.deepEqual(test.published, []);
  assert.deepEqual(await test.names(test.paths.seed), []);
  assert.ok((await test.names(test.paths.graveyard)).includes(sha256Hex("content")));
});

Deno.test("a seed that was placed before its revocation is buried even if nothing is remembered of it", async () => {
  await using test = await makeKeeper();
  await test.place("a.tar", "content");
  await test.settle();
  await test.restart(() => Deno.remove(test.paths.seeds));
  // As if an hour had passed: nobody can set the time at which a file was placed.
  const later = Date.now() + 3_600_000;
  const revocation = { state: "revoked", stamp: later } as const;
  test.book.manifest.merge([test.signers.entry("server", "content", revocation)], {
    nowMs: later,
    fromServer: true,
  });
  await test.settle();
  assert.deepEqual(labels(test.published), ["a.tar active"]);
  assert.deepEqual(await test.names(test.paths.seed), []);
});

Deno.test("a file that is placed again after its revocation is seeded again", async () => {
  await using test = await makeKeeper();
  await test.place("a.tar", "content");
  await test.settle();
  const revocation = { state: "revoked", stamp: Date.now() + 1 } as const;
  await test.book.receive([test.signers.entry("server", "content", revocation)]);
  await test.keeper.noteRevoked(sha256Hex("content"));
  assert.deepEqual(await test.names(test.paths.seed), []);
  await test.place("a.tar", "content");
  await test.settle();
  assert.equal(test.book.manifest.isLive(sha256Hex("content")), true);
});

Deno.test("an edited .swarm makes a newer entry that was created when the first was", async () => {
  await using test = await makeKeeper();
  await test.place("a.tar", "content");
  await test.settle();
  await Deno.writeTextFile(
    test.paths.seedFile("a.tar.swarm"),
    JSON.stringify({ target: "web-*", retention: "30d" }),
  );
  await test.settle();
  const [first, second, ...more] = test.published;
  assert.ok(first && second);
  assert.deepEqual(more, []);
  assert.deepEqual([second.target, second.retentionSecs], ["web-*", 30 * 86_400]);
  assert.equal(second.createdMs, first.createdMs);
  assert.ok(second.stamp > first.stamp);
});

Deno.test("a file whose .swarm is missing, cut short or wrong is told with what is wrong, and revokes nothing", async () => {
  await using test = await makeKeeper();
  await test.place("a.tar", "content");
  await test.settle();
  const sidecar = test.paths.seedFile("a.tar.swarm");
  const problemAfter = async (change: () => Promise<void>) => {
    await change();
    await test.settle();
    return test.keeper.problems;
  };
  const cases: [string, () => Promise<void>][] = [
    ["a.tar.swarm is not JSON", () => Deno.writeTextFile(sidecar, '{"target": "*", "ret')],
    [
      "a.tar.swarm: retention: missing; target and retention are both required",
      () => Deno.writeTextFile(sidecar, '{"target": "*"}'),
    ],
    [
      "a.tar.swarm: retention: expected 0, <n>h or <n>d",
      () => Deno.writeTextFile(sidecar, '{"target": "*", "retention": "soon"}'),
    ],
    [
      "a.tar.swarm: target: expected text",
      () => Deno.writeTextFile(sidecar, '{"target": 7, "retention": "7d"}'),
    ],
    [
      'a.tar.swarm: Unrecognized key: "ttl"',
      () => Deno.writeTextFile(sidecar, '{"target": "*", "retention": "7d", "ttl": 1}'),
    ],
    ["a.tar.swarm is missing", () => Deno.remove(sidecar)],
  ];
  for (const [reason, change] of cases) {
    assert.deepEqual(await problemAfter(change), [{ label: "a.tar", reason }]);
  }
  assert.deepEqual(labels(test.published), ["a.tar active"]);
  await Deno.writeTextFile(sidecar, EVERYONE);
  await Deno.writeTextFile(test.paths.seedFile("b.tar.swarm"), EVERYONE);
  await Deno.writeTextFile(test.paths.seedFile(".hidden"), "content");
  await Deno.writeTextFile(test.paths.seedFile(".hidden.swarm"), EVERYONE);
  await test.settle();
  assert.deepEqual(test.keeper.problems, [
    { label: "b.tar", reason: "there is b.tar.swarm and no b.tar" },
  ]);
});

Deno.test({
  name: "a file whose name is not UTF-8 is no seed and says why",
  // Other systems do not let anybody make one.
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    await using test = await makeKeeper();
    const make = 'for name in "$1" "$1.swarm"; do echo "$2" > "$(printf "$name")"; done';
    const { success } = await new Deno.Command("sh", {
      args: ["-c", make, "sh", "a\\377", EVERYONE],
      cwd: test.paths.seed,
    }).output();
    assert.equal(success, true);
    await test.settle();
    assert.deepEqual(test.keeper.problems, [
      { label: "a\ufffd", reason: "the file name is not UTF-8" },
    ]);
  },
});

Deno.test("a folder that is not there is told once, and nothing of it is revoked", async () => {
  await using test = await makeKeeper();
  await test.place("a.tar", "content");
  await test.settle();
  const { seed } = test.paths;
  await Deno.rename(seed, `${seed}.away`);
  await test.settle();
  const [problem, ...others] = test.keeper.problems;
  assert.equal(problem?.label, "seed/");
  assert.match(problem.reason, /^cannot be read: .*No such file/);
  assert.deepEqual(others, []);
  assert.deepEqual(test.logged, ["the seed folder cannot be read"]);
  await Deno.rename(`${seed}.away`, seed);
  await test.settle();
  assert.deepEqual(test.keeper.problems, []);
  assert.deepEqual(labels(test.published), ["a.tar active"]);
});

Deno.test("an envoy that may not seed says so of each of its files", async () => {
  await using test = await makeKeeper({ maySeed: false });
  await test.place("a.tar", "content");
  await test.settle();
  assert.deepEqual(test.keeper.problems, [
    { label: "a.tar", reason: "refused: not in swarm.seeders" },
  ]);
  assert.deepEqual(test.published, []);
});

Deno.test("an envoy that was away too long seeds and revokes nothing, and buries what the server forgot", async () => {
  await using test = await makeKeeper();
  await test.place("old.tar", "old");
  await test.settle();
  test.clock.offsetMs = REVOKED_HORIZON_MS + 3_600_000;
  await test.place("new.tar", "new");
  await test.settle();
  assert.deepEqual(labels(test.published), ["old.tar active"]);
  assert.match(
    test.keeper.problems.map(({ reason }) => reason).join(),
    /^waits for the server's manifest: away for 7 days.*,waits/,
  );
  const page = { since: ROSTER_START, next: "s:1", isComplete: true, entries: [] };
  await test.book.takeRoster(page);
  await test.settle();
  assert.deepEqual(labels(test.published), ["old.tar active", "new.tar active"]);
  assert.deepEqual(await test.names(test.paths.seed), ["new.tar", "new.tar.swarm"]);
});

Deno.test("a seed that was stamped by a clock that ran ahead is registered again once the clock is right", async () => {
  await using test = await makeKeeper();
  test.clock.offsetMs = 3 * 86_400_000;
  await test.place("a.tar", "content");
  await test.settle();
  test.clock.offsetMs = 0;
  test.book.noteClock();
  const page = { since: ROSTER_START, next: "s:1", isComplete: true, entries: [] };
  await test.book.takeRoster(page);
  await test.settle();
  assert.deepEqual(labels(test.published), ["a.tar active", "a.tar active"]);
  assert.ok((test.published[1]?.stamp ?? Infinity) < Date.now() + 60_000);
  assert.equal(test.book.manifest.isLive(sha256Hex("content")), true);
});

Deno.test("a seed whose entry was lost with the manifest waits for the server instead of coming back", async () => {
  await using test = await makeKeeper();
  await test.place("a.tar", "content");
  await test.settle();
  await test.restart(() => Deno.remove(test.paths.manifest));
  await test.settle();
  assert.deepEqual(labels(test.published), ["a.tar active"]);
  assert.match(test.keeper.problems[0]?.reason ?? "", /^waits for the server's manifest/);
  const revocation = { state: "revoked", stamp: Date.now() } as const;
  await test.book.takeRoster({
    since: ROSTER_START,
    next: "s:1",
    isComplete: true,
    entries: [test.signers.entry("server", "content", revocation)],
  });
  await test.settle();
  assert.deepEqual(labels(test.published), ["a.tar active"]);
  assert.deepEqual(await test.names(test.paths.seed), []);
});

import assert from "node:assert/strict";
import { runSteps } from "../steps/steps.ts";
import { sha256Hex } from "../../shared/crypto/sha256.ts";
import { TemporaryRoot } from "../../tests/support/temporary_root.ts";
import type { HostFacts } from "../resolve/compile_host.ts";
import { formatProblem } from "../stacks/problem_list.ts";
import { ConfigPublisher } from "./config_publisher.ts";
import { UnrecordedPublishError } from "./publish_results.ts";
import { MemoryVersionLog } from "./memory_version_log.ts";
import { DISK, type PublishFiles } from "./publish_files.ts";
import { VersionStore } from "./version_store.ts";

const HOSTS: readonly HostFacts[] = [
  { hostname: "web-1", traits: { os: { distro: "debian" } } },
  { hostname: "web-2", traits: { os: { distro: "debian" } } },
  { hostname: "web-3", traits: { os: { distro: "alpine" } } },
  { hostname: "db-1", traits: {} },
];

/** A server's folder with stacks, and publishers over it as one process after another would make them. */
class Fixture implements AsyncDisposable {
  readonly log = new MemoryVersionLog();
  hosts = HOSTS;
  #now = 1000;

  private constructor(readonly root: TemporaryRoot) {}

  static async create(): Promise<Fixture> {
    const fixture = new Fixture(await TemporaryRoot.create());
    await fixture.stage("one");
    return fixture;
  }

  /** Writes stacks in which the file of each web host says `text`. */
  async stage(text: string): Promise<void> {
    await Deno.mkdir(this.root.join("stacks/configcrates"), { recursive: true });
    await Deno.writeTextFile(
      this.root.join("stacks/envoys.vgo"),
      'match: "web-*"\nconfigcrates: [web]\n',
    );
    await Deno.writeTextFile(
      this.root.join("stacks/configcrates/web.vgo"),
      `name: web\nresources:\n  - file: /x\n    content: "${text} {{ traits.os.distro }}"\n`,
    );
  }

  /** Writes stacks in which the path of the file is a template, which the server has to know. */
  async stageName(name: string): Promise<void> {
    await Deno.writeTextFile(
      this.root.join("stacks/configcrates/web.vgo"),
      `name: web\nresources:\n  - file: "/x${name}"\n    content: x\n`,
    );
  }

  publisher(files: PublishFiles = DISK): ConfigPublisher {
    return new ConfigPublisher({
      store: new VersionStore(this.root.path, files),
      log: this.log,
      knownHosts: () => this.hosts,
      nowMs: () => this.#now++,
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.root[Symbol.asyncDispose]();
  }
}

const BY_MARA = { principal: "mara", message: "first" };

function contentFor(publisher: ConfigPublisher, host: HostFacts): unknown {
  const live = publisher.live();
  const compiled = live && runSteps(live.compileInSteps(host));
  return compiled?.ok ? compiled.resources[0]?.params.content : undefined;
}

const WEB_1: HostFacts = { hostname: "web-1", traits: { os: { distro: "debian" } } };

Deno.test("publishing shows who changes and how, records it, and puts it in force", async () => {
  await using fixture = await Fixture.create();
  const publisher = fixture.publisher();
  const heard: string[] = [];
  publisher.onChange(({ version }) => heard.push(version));
  const result = await publisher.publish(BY_MARA);
  assert.ok(result.ok && result.published);
  assert.equal(result.unchangedHosts, 1);
  assert.deepEqual(result.changes.map(({ hosts }) => hosts), [["web-1", "web-2"], ["web-3"]]);
  const [change] = result.changes[0]?.changes ?? [];
  assert.equal(change?.change, "added");
  assert.match(change?.diff ?? "", /\+content: one debian\n/);
  assert.deepEqual(heard, [result.version]);
  assert.equal(contentFor(publisher, WEB_1), "one debian");
  assert.deepEqual(await publisher.history(10), [{
    version: result.version,
    publishedAtMs: 1000,
    publishedBy: "mara",
    message: "first",
    rollbackOf: null,
    live: true,
  }]);
});

Deno.test("a changed stack is compared with the live one, for the fleet or one host", async () => {
  await using fixture = await Fixture.create();
  const publisher = fixture.publisher();
  await publisher.publish(BY_MARA);
  await fixture.stage("two");
  const fleet = await publisher.diff({});
  assert.ok(fleet.ok);
  assert.match(
    fleet.changes[0]?.changes[0]?.diff ?? "",
    /^--- file:\/x\n\+\+\+ file:\/x\n@@ .* @@\n backup: false\n-content: one debian\n\+content: two debian\n/,
  );
  const one = await publisher.diff({ host: "WEB-3" });
  assert.ok(one.ok);
  assert.deepEqual(one.changes.map(({ hosts }) => hosts), [["web-3"]]);
  const nobody = await publisher.diff({ host: "nobody" });
  assert.ok(!nobody.ok);
  assert.equal(nobody.reason, 'Cannot compare host "nobody": no envoy has that hostname');
  const misspelt = await publisher.diff({ host: "wbe-1" });
  assert.ok(!misspelt.ok);
  assert.match(misspelt.reason, /no envoy has that hostname\. Did you mean "web-1"\?$/);
  assert.equal(contentFor(publisher, WEB_1), "one debian");
});

Deno.test("two versions are compared with each other, whichever is live", async () => {
  await using fixture = await Fixture.create();
  const publisher = fixture.publisher();
  const first = await publisher.publish(BY_MARA);
  await fixture.stage("two");
  const second = await publisher.publish(BY_MARA);
  assert.ok(first.ok && second.ok);
  const back = await publisher.diff({ from: second.version, version: first.version });
  assert.ok(back.ok);
  assert.deepEqual([back.from, back.to], [second.version, first.version]);
  assert.match(
    back.changes[0]?.changes[0]?.diff ?? "",
    /-content: two debian\n\+content: one debian/,
  );
  const same = await publisher.diff({ from: first.version, version: first.version });
  assert.deepEqual(same.ok && same.changes, []);
  const unknown = await publisher.diff({ from: "ffffff", version: first.version });
  assert.equal(unknown.ok, false);
});

Deno.test("a comment changes the version and no host", async () => {
  await using fixture = await Fixture.create();
  const publisher = fixture.publisher();
  await publisher.publish(BY_MARA);
  const path = fixture.root.join("stacks/configcrates/web.vgo");
  await Deno.writeTextFile(path, `# a comment\n${await Deno.readTextFile(path)}`);
  const result = await publisher.publish(BY_MARA);
  assert.ok(result.ok && result.published);
  assert.deepEqual([result.unchangedHosts, result.changes], [4, []]);
});

Deno.test("publishing what is live already changes nothing", async () => {
  await using fixture = await Fixture.create();
  const publisher = fixture.publisher();
  await publisher.publish(BY_MARA);
  const again = await publisher.publish(BY_MARA);
  assert.ok(again.ok && !again.published);
  assert.equal((await publisher.history(10)).length, 1);
});

Deno.test("stacks with mistakes are not published, and the live policy stays", async () => {
  await using fixture = await Fixture.create();
  const publisher = fixture.publisher();
  await publisher.publish(BY_MARA);
  await fixture.stage("{{ vars.nothing }}");
  const result = await publisher.publish(BY_MARA);
  assert.ok(!result.ok);
  assert.deepEqual(result.problems.map(formatProblem), [
    'configcrates/web.vgo:4:18: undefined name "vars.nothing"',
  ]);
  assert.equal(contentFor(publisher, WEB_1), "one debian");
  const validation = await publisher.validate();
  assert.deepEqual([validation.valid, validation.version, validation.hosts], [false, null, 0]);
});

Deno.test("checking says what is wrong for single hosts too, each mistake once and by how many meet it", async () => {
  await using fixture = await Fixture.create();
  await fixture.stage('x"\n    path: "/etc/{{ traits.os.codename }}');
  const { valid, problems, hosts, hostProblems } = await fixture.publisher().validate();
  assert.deepEqual([valid, problems, hosts], [true, [], 3]);
  assert.equal(hostProblems.length, 1);
  const [{ hosts: meeting, firstHost, ...problem } = { hosts: 0, firstHost: "" }] = hostProblems;
  assert.deepEqual([meeting, firstHost], [3, "web-1"]);
  assert.match(JSON.stringify(problem), /"line":\d+.*the server has to know this/);
});

Deno.test("a condition on a trait that no host has reported is told before a publish and with it", async () => {
  await using fixture = await Fixture.create();
  await Deno.writeTextFile(
    fixture.root.join("stacks/configcrates/web.vgo"),
    'name: web\nwhen: traits.os.distor == "debian"\nresources:\n  - file: /x\n    content: x\n',
  );
  const warnings = [
    'configcrates/web.vgo:2:7: no host has reported "traits.os.distor". Did you mean "traits.os.distro"?',
  ];
  const publisher = fixture.publisher();
  assert.deepEqual((await publisher.validate()).warnings, warnings);
  const diff = await publisher.diff({});
  assert.deepEqual(diff.ok && diff.warnings, warnings);
  const ofOne = await publisher.diff({ host: "web-1" });
  assert.deepEqual(ofOne.ok && ofOne.warnings, []);
  const published = await publisher.publish(BY_MARA);
  assert.deepEqual(published.ok && published.warnings, warnings);
});

Deno.test("a host that lacks a trait in what the server has to know is listed with its problem and does not hold up the others", async () => {
  await using fixture = await Fixture.create();
  await fixture.stage('x"\n    path: "/etc/{{ traits.os.codename }}');
  const publisher = fixture.publisher();
  const result = await publisher.publish({ ...BY_MARA, allowRefused: true });
  assert.ok(result.ok && result.published);
  assert.deepEqual(result.changes, [{
    hosts: ["web-1", "web-2", "web-3"],
    changes: [],
    problems: [
      'configcrates/web.vgo:5:20: the server has to know this: undefined name "traits.os.codename"',
    ],
  }]);
  const live = publisher.live();
  const compiled = live && runSteps(live.compileInSteps(WEB_1));
  assert.ok(compiled && !compiled.ok);
});

Deno.test("rolling back publishes the version before, or the one named by a prefix", async () => {
  await using fixture = await Fixture.create();
  const publisher = fixture.publisher();
  const first = await publisher.publish(BY_MARA);
  await fixture.stage("two");
  const second = await publisher.publish({ principal: "jo", message: "second" });
  assert.ok(first.ok && second.ok);
  const back = await publisher.rollback({ principal: "mara" });
  assert.ok(back.ok && back.published);
  assert.equal(back.version, first.version);
  assert.equal(contentFor(publisher, WEB_1), "one debian");
  const forth = await publisher.rollback({
    principal: "mara",
    version: second.version.slice(0, 10),
  });
  assert.ok(forth.ok);
  assert.equal(contentFor(publisher, WEB_1), "two debian");
  const history = await publisher.history(10);
  assert.deepEqual(
    history.map(({ version, live, rollbackOf }) => [version, live, rollbackOf]),
    [
      [second.version, true, second.version],
      [first.version, false, first.version],
      [second.version, false, null],
      [first.version, false, null],
    ],
  );
  for (const version of ["0000000", "xyz", "0".repeat(64)]) {
    const refused = await publisher.rollback({ principal: "mara", version });
    assert.ok(!refused.ok, version);
  }
});

Deno.test("without an earlier version a rollback says so", async () => {
  await using fixture = await Fixture.create();
  const result = await fixture.publisher().rollback({ principal: "mara" });
  assert.ok(!result.ok);
  assert.equal(result.reason, "Cannot roll back: no other version has been published");
});

Deno.test("a new process takes over what is live, not what is staged", async () => {
  await using fixture = await Fixture.create();
  await fixture.publisher().publish(BY_MARA);
  await fixture.stage("two");
  const later = fixture.publisher();
  assert.equal(later.live(), undefined);
  assert.ok((await later.reload()).ok);
  assert.equal(contentFor(later, WEB_1), "one debian");
});

Deno.test("a server without stacks says where they belong", async () => {
  await using root = await TemporaryRoot.create();
  const publisher = new ConfigPublisher({
    store: new VersionStore(root.path),
    log: new MemoryVersionLog(),
    knownHosts: () => [],
    nowMs: () => 1,
  });
  assert.ok((await publisher.reload()).ok);
  const result = await publisher.publish(BY_MARA);
  assert.ok(!result.ok);
  assert.match(result.reason, /no stacks at .*\/stacks: create the folder/);
});

Deno.test("a version that was changed on disk is refused, and publishing again heals it", async () => {
  await using fixture = await Fixture.create();
  const published = await fixture.publisher().publish(BY_MARA);
  assert.ok(published.ok);
  const path = fixture.root.join(".versions", published.version, "envoys.vgo");
  await Deno.chmod(path, 0o644);
  await Deno.writeTextFile(path, 'match: "*"\n');
  const later = fixture.publisher();
  const reloaded = await later.reload();
  assert.ok(!reloaded.ok);
  assert.match(reloaded.reason, /are not those that were published/);
  const healed = await later.publish(BY_MARA);
  assert.ok(healed.ok && healed.published);
  assert.ok((await fixture.publisher().reload()).ok);
});

Deno.test("a `.live` file that is torn is named, with what to do", async () => {
  await using fixture = await Fixture.create();
  await Deno.writeTextFile(fixture.root.join(".live"), '{"version":');
  const reloaded = await fixture.publisher().reload();
  assert.ok(!reloaded.ok);
  assert.match(reloaded.reason, /Cannot read .*\.live: expected the record of a publish/);
});

Deno.test("publishes that are asked for at once run one after the other", async () => {
  await using fixture = await Fixture.create();
  const publisher = fixture.publisher();
  const results = await Promise.all([1, 2, 3].map(() => publisher.publish(BY_MARA)));
  assert.deepEqual(results.map((result) => result.ok && result.published), [true, false, false]);
});

Deno.test("a publish whose record cannot be written does not happen, and can be asked for again", async () => {
  await using fixture = await Fixture.create();
  const publisher = fixture.publisher();
  await publisher.publish(BY_MARA);
  await fixture.stage("two");
  const append = fixture.log.append.bind(fixture.log);
  fixture.log.append = () => Promise.reject(new Error("the disk is full"));
  await assert.rejects(publisher.publish(BY_MARA), UnrecordedPublishError);
  assert.equal(contentFor(publisher, WEB_1), "one debian");
  const later = fixture.publisher();
  assert.ok((await later.reload()).ok);
  assert.equal(contentFor(later, WEB_1), "one debian");
  fixture.log.append = append;
  assert.ok((await publisher.publish({ principal: "jo", message: "second" })).ok);
  assert.equal(contentFor(publisher, WEB_1), "two debian");
  assert.deepEqual(fixture.log.records.map(({ message }) => message), ["first", "second"]);
});

/** A disk whose machine dies at its `steps`-th change. */
function dyingDisk(steps: number): PublishFiles {
  let left = steps;
  const step =
    <Args extends unknown[]>(act: (...args: Args) => Promise<void>) => (...args: Args) => {
      if (left-- <= 0) return Promise.reject(new Error("power lost"));
      return act(...args);
    };
  return {
    makeFolder: step(DISK.makeFolder),
    writeFile: step(DISK.writeFile),
    rename: step(DISK.rename),
    syncFolder: step(DISK.syncFolder),
    remove: step(DISK.remove),
  };
}

Deno.test("a crash between any two steps leaves the old policy or the new one, whole, with its record", async () => {
  const seen = new Set<unknown>();
  let madeGood = 0;
  for (let steps = 0, died = true; died; steps++) {
    await using fixture = await Fixture.create();
    await fixture.publisher().publish(BY_MARA);
    await fixture.stage("two");
    const dying = fixture.publisher(dyingDisk(steps));
    await dying.reload();
    died = await dying.publish({ principal: "jo", message: "second" }).then(
      () => false,
      (error) => /power lost/.test(String(error)) || Promise.reject(error),
    );
    const later = fixture.publisher();
    assert.ok((await later.reload()).ok, `after ${steps} steps`);
    for await (const { name } of Deno.readDir(fixture.root.join(".versions"))) {
      assert.match(name, /^[0-9a-f]{64}$/);
    }
    const content = contentFor(later, WEB_1);
    seen.add(content);
    assert.equal(
      content,
      fixture.log.records.at(-1)?.message === "second" ? "two debian" : "one debian",
    );
    // What was recorded is live after the next start, whether or not the machine died just before it was.
    assert.ok(died || content === "two debian", `after ${steps} steps`);
    if (died && content === "two debian") madeGood += 1;
    const retried = await later.publish({ principal: "jo", message: "again" });
    assert.ok(retried.ok, `after ${steps} steps`);
    assert.equal(contentFor(later, WEB_1), "two debian");
  }
  assert.deepEqual(seen, new Set(["one debian", "two debian"]));
  assert.ok(madeGood > 0);
});

Deno.test("what is live and not in the history, as after a restore, is recorded at the next start", async () => {
  await using fixture = await Fixture.create();
  await fixture.publisher().publish(BY_MARA);
  fixture.log.records.length = 0;
  const later = fixture.publisher();
  await later.reload();
  await later.reload();
  assert.equal(contentFor(later, WEB_1), "one debian");
  assert.deepEqual(fixture.log.records.map(({ message }) => message), ["first"]);
});

Deno.test("a history that names a version of which nothing is left changes nothing", async () => {
  await using fixture = await Fixture.create();
  const publisher = fixture.publisher();
  await publisher.publish(BY_MARA);
  const [first] = fixture.log.records;
  assert.ok(first);
  const gone = sha256Hex("gone");
  fixture.log.records.push({ ...first, version: gone, publishedAtMs: 9_000 });
  const later = fixture.publisher();
  assert.ok((await later.reload()).ok);
  assert.equal(contentFor(later, WEB_1), "one debian");
});

Deno.test("versions that nobody needs lose their files and keep their records; the live one stays whatever is asked", async () => {
  await using fixture = await Fixture.create();
  const publisher = fixture.publisher();
  const versions: string[] = [];
  for (const text of ["one", "two", "three"]) {
    await fixture.stage(text);
    const published = await publisher.publish(BY_MARA);
    assert.ok(published.ok);
    versions.push(published.version);
  }
  const store = new VersionStore(fixture.root.path);
  let asked: { onDisk: number; history: number; live: string | undefined } | undefined;
  await publisher.prune((onDisk, history, live) => {
    asked = { onDisk: onDisk.length, history: history.length, live };
    return onDisk.filter((version) => version !== versions[1]);
  });
  assert.deepEqual(asked, { onDisk: 3, history: 3, live: versions[2] });
  assert.deepEqual(await store.list(), [versions[1], versions[2]].sort());
  assert.equal((await publisher.history(10)).length, 3);
  const gone = await publisher.rollback({ principal: "mara", version: versions[0] });
  assert.match(!gone.ok ? gone.reason : "", /not on disk any more/);
  assert.ok((await publisher.rollback({ principal: "mara", version: versions[1] })).ok);
});

Deno.test("a crash while a version is removed leaves it whole or gone, and nothing behind after a start", async () => {
  for (let steps = 0; steps < 4; steps++) {
    await using fixture = await Fixture.create();
    const first = fixture.publisher();
    const old = await first.publish(BY_MARA);
    await fixture.stage("two");
    await first.publish(BY_MARA);
    assert.ok(old.ok);
    const dying = fixture.publisher(dyingDisk(steps));
    await dying.prune(() => [old.version]).catch(() => {});
    const next = fixture.publisher();
    assert.ok((await next.reload()).ok);
    const store = new VersionStore(fixture.root.path);
    const left = await store.read(old.version);
    assert.equal(left !== undefined, (await store.list()).includes(old.version));
    const names = await Array.fromAsync(Deno.readDir(fixture.root.join(".versions")));
    assert.ok(names.every(({ name }) => !name.startsWith(".tmp-")));
  }
});

Deno.test("whoever meets a torn `.live` reads what to do, and publishes again once it was done", async () => {
  await using fixture = await Fixture.create();
  const publisher = fixture.publisher();
  await publisher.publish(BY_MARA);
  await fixture.stage("two");
  await publisher.publish(BY_MARA);
  await Deno.writeTextFile(fixture.root.join(".live"), '{"version":');
  const restarted = fixture.publisher();
  await restarted.reload();
  const remedy = /Cannot read .*\.live: .*Remove it and publish again/;
  assert.match(restarted.problem ?? "", remedy);
  const [older] = (await fixture.log.list(2)).slice(1);
  for (
    const attempt of [
      restarted.publish(BY_MARA),
      restarted.rollback({ principal: "mara" }),
      restarted.rollback({ principal: "mara", version: older?.version }),
      restarted.tree({ isStaged: false }),
    ]
  ) {
    const result = await attempt;
    assert.ok(!result.ok);
    assert.match(result.reason, remedy);
  }
  await Deno.remove(fixture.root.join(".live"));
  assert.ok((await restarted.publish(BY_MARA)).ok);
  assert.equal(restarted.problem, undefined);
});

Deno.test("nothing is published while it is frozen, and not when a freeze begins while hosts are compared", async () => {
  await using fixture = await Fixture.create();
  let asked = 0;
  const publisher = new ConfigPublisher({
    store: new VersionStore(fixture.root.path),
    log: fixture.log,
    knownHosts: () => HOSTS,
    nowMs: () => 1,
    frozen: (what) => {
      const refusal = {
        ok: false as const,
        reason: `no ${what}`,
        problems: [],
        isFrozen: true as const,
      };
      return Promise.resolve(++asked === 1 ? undefined : refusal);
    },
  });
  for (let attempt = 0; attempt < 2; attempt++) {
    const result = await publisher.publish(BY_MARA);
    assert.ok(!result.ok && result.isFrozen);
  }
  assert.equal(publisher.live(), undefined);
  assert.deepEqual(fixture.log.records, []);
});

Deno.test("only what was reviewed is published", async () => {
  await using fixture = await Fixture.create();
  const publisher = fixture.publisher();
  const reviewed = await publisher.diff({});
  assert.ok(reviewed.ok);
  await fixture.stage("two");
  const late = await publisher.publish({ ...BY_MARA, reviewed });
  assert.match(late.ok ? "" : late.reason, /the staged stacks have changed since/);
  await fixture.stage("one");
  assert.ok((await publisher.publish({ ...BY_MARA, reviewed })).ok);
  await fixture.stage("two");
  const { to } = await publisher.diff({}) as { to: string };
  const other = await publisher.publish({ ...BY_MARA, reviewed: { from: null, to } });
  assert.match(other.ok ? "" : other.reason, /another version was published since/);
});

Deno.test("what a rollback without a version would change can be compared before", async () => {
  await using fixture = await Fixture.create();
  const publisher = fixture.publisher();
  const first = await publisher.publish(BY_MARA);
  await fixture.stage("two");
  await publisher.publish(BY_MARA);
  const previous = await publisher.diff({ previous: true });
  assert.ok(first.ok && previous.ok);
  assert.equal(previous.to, first.version);
  assert.match(previous.changes[0]?.changes[0]?.diff ?? "", /-content: two debian\n\+content: one/);
});

Deno.test("a version that no matched host can have goes live only for whoever allows it, also by a rollback", async () => {
  await using fixture = await Fixture.create();
  const publisher = fixture.publisher();
  await fixture.stageName("{{ traits.nowhere }}");
  const refused = await publisher.publish(BY_MARA);
  assert.ok(!refused.ok && refused.isForNobody);
  assert.match(
    refused.reason,
    /^Cannot publish: no host that an entry matches could have it \(3: web-1, web-2, web-3\): configcrates\/web\.vgo:3:.*--allow-refused$/,
  );
  assert.equal(publisher.live(), undefined);
  const allowed = await publisher.publish({ ...BY_MARA, allowRefused: true });
  assert.ok(allowed.ok && allowed.published);
  assert.deepEqual([allowed.matchedHosts, allowed.refusedHosts], [3, 3]);
  await fixture.stageName("{% if traits.os.distro == 'alpine' %}{{ traits.nowhere }}{% endif %}");
  const some = await publisher.publish(BY_MARA);
  assert.ok(some.ok && some.published, "some can have it");
  assert.deepEqual([some.matchedHosts, some.refusedHosts], [3, 1]);
  const back = await publisher.rollback({ principal: "mara" });
  assert.ok(!back.ok && back.isForNobody);
  assert.match(back.reason, /^Cannot roll back: /);
  assert.equal(publisher.live()?.version, some.version);
  assert.ok((await publisher.rollback({ principal: "mara", allowRefused: true })).ok);
});

Deno.test("who uses a secret is told by hosts and crates", async () => {
  await using fixture = await Fixture.create();
  const publisher = fixture.publisher();
  await Deno.writeTextFile(
    fixture.root.join("stacks/configcrates/web.vgo"),
    "name: web\nresources:\n  - file: /x\n    content: secret:db/key\n    owner: root\n    mode: '0600'\n",
  );
  assert.ok((await publisher.publish(BY_MARA)).ok);
  const hosts = ["web-1", "web-2", "web-3"];
  assert.deepEqual(await publisher.usersOfSecret("db/key"), { hosts, crates: ["web"] });
  assert.deepEqual(await publisher.usersOfSecret("db/other"), { hosts: [], crates: [] });
});

Deno.test("envoys that have reported nothing yet do not keep a version from going live", async () => {
  await using fixture = await Fixture.create();
  fixture.hosts = [{ hostname: "web-8", traits: {} }, { hostname: "web-9", traits: {} }];
  await fixture.stageName("{{ traits.os.distro }}");
  const result = await fixture.publisher().publish(BY_MARA);
  assert.ok(result.ok && result.published);
  assert.deepEqual([result.matchedHosts, result.refusedHosts], [2, 2]);
  assert.equal(result.isForNobody, false);
});

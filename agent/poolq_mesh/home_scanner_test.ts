import assert from "node:assert/strict";
import { getegid, geteuid } from "node:process";
import { join } from "node:path";
import { generateEd25519, type Signer } from "../../shared/crypto/ed25519.ts";
import { rootPaths } from "../../shared/platform/root_paths.ts";
import { nextMessage, signedAppointment, signedLog } from "../../shared/poolq/log_fixture.ts";
import { type Message, messageId, messageLine } from "../../shared/poolq/message.ts";
import { topicId } from "../../shared/poolq/topic.ts";
import { TemporaryRoot } from "../../tests/support/temporary_root.ts";
import { fakeLog } from "../runtime/fake_log.ts";
import { UserScans } from "../user_scan/user_scans.ts";
import { GrantedUsers } from "../user_scan/granted_users.ts";
import { HomeScanner } from "./home_scanner.ts";
import { QueueStore } from "./queue_store.ts";

/** A machine with one user, whose grants and messages a test chooses, and whose homes real child processes look into. */
class Machine implements AsyncDisposable {
  readonly #root: TemporaryRoot;
  readonly store: QueueStore;
  readonly scanner: HomeScanner;
  readonly log = fakeLog();
  readonly clock = { nowMs: 1_000_000 };
  isOpen = true;
  news = 0;

  private constructor(root: TemporaryRoot) {
    this.#root = root;
    this.store = QueueStore.open(root.join("poolq.db"));
    this.scanner = new HomeScanner({
      users: new GrantedUsers(rootPaths(root.path)),
      scans: new UserScans(),
      store: this.store,
      headsFolder: root.join("heads"),
      log: this.log,
      nowMs: () => this.clock.nowMs,
      isOpen: () => this.isOpen,
      onNews: () => void (this.news += 1),
      signal: new AbortController().signal,
    });
  }

  static async create(): Promise<Machine> {
    const root = await TemporaryRoot.create();
    await Deno.mkdir(root.join("etc"), { recursive: true });
    await Deno.writeTextFile(
      root.join("etc/passwd"),
      `mara:x:${geteuid?.()}:${getegid?.()}::/home/mara:/bin/sh\n`,
    );
    return new Machine(root);
  }

  get home(): string {
    return this.#root.join("home/mara");
  }

  async grant(poolq: boolean): Promise<void> {
    const folder = this.#root.join("var/lib/vigo/usercrate-policy");
    await Deno.mkdir(folder, { recursive: true });
    const policy = { user: "mara", puddle: false, gitback: false, curator: false, poolq };
    await Deno.writeTextFile(join(folder, "mara.json"), JSON.stringify(policy));
  }

  async write(signer: Signer, log: readonly Message[]): Promise<void> {
    const last = log.at(-1);
    assert.ok(last);
    const id = topicId(last.founder_pubkey, last.topic_name);
    const folder = join(this.home, ".vigo-poolq", id);
    await Deno.mkdir(join(folder, "messages"), { recursive: true });
    for (const message of log) {
      const path = join(folder, "messages", `${messageId(message)}.json`);
      await Deno.writeTextFile(path, messageLine(message), { mode: 0o600 });
    }
    const founder = signer.publicKey.toHex() as Message["founder_pubkey"];
    const allocator = {
      writer: "web-1",
      last_seq: last.seq,
      last_msg_id: messageId(last),
      appointment: signedAppointment(signer, "web-1", {
        topic_id: topicId(founder, last.topic_name),
      }),
    };
    await Deno.writeTextFile(join(folder, "allocator.json"), JSON.stringify(allocator), {
      mode: 0o600,
    });
  }

  heads(): Promise<string> {
    return Deno.readTextFile(this.#root.join("heads/mara.json")).catch(() => "");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.store[Symbol.dispose]();
    await this.#root[Symbol.asyncDispose]();
  }
}

Deno.test("what a user with the grant posted is held, its head remembered, and what is bad is told once and not held", async () => {
  await using machine = await Machine.create();
  const { signer } = generateEd25519();
  const log = signedLog(signer, 3);
  const id = topicId(log[0]?.founder_pubkey ?? "", "build-tasks");
  await machine.write(signer, log);
  await machine.scanner.scan("mara");
  assert.deepEqual(machine.store.topics(), [], "no policy grants anything");

  await machine.grant(true);
  await machine.scanner.scan("mara");
  assert.deepEqual([machine.store.topic(id)?.headSeq, machine.store.topic(id)?.user], [3, "mara"]);
  assert.equal(machine.news, 1);
  assert.match(await machine.heads(), new RegExp(`"topic_name":"build-tasks".*"last_seq":3`));

  const last = log.at(-1);
  assert.ok(last);
  const forged = { ...nextMessage(signer, last), body: "forged" };
  await machine.write(signer, [...log, forged]);
  await machine.scanner.scan("mara");
  await machine.scanner.scan("mara");
  assert.equal(machine.store.topic(id)?.headSeq, 3);
  const warnings = machine.log.lines.filter((line) => JSON.stringify(line).includes("signature"));
  assert.equal(warnings.length, 1, JSON.stringify(machine.log.lines));
});

Deno.test("with the gate closed no home is looked into", async () => {
  await using machine = await Machine.create();
  await machine.grant(true);
  const { signer } = generateEd25519();
  await machine.write(signer, signedLog(signer, 1));
  machine.isOpen = false;
  await machine.scanner.scanAll();
  assert.deepEqual(machine.store.topics(), []);
});

Deno.test("a user who loses the grant is scrubbed, after what was posted and not carried yet was taken", async () => {
  await using machine = await Machine.create();
  const { signer } = generateEd25519();
  const log = signedLog(signer, 2);
  await machine.grant(true);
  await machine.write(signer, log);
  await machine.scanner.scanAll();
  // Posted while nobody looked, as when the daemon was away.
  const third = nextMessage(signer, log.at(-1) ?? assert.fail());
  await machine.write(signer, [...log, third]);
  await machine.grant(false);
  machine.news = 0;
  await machine.scanner.scanAll();
  assert.deepEqual(await Array.fromAsync(Deno.readDir(machine.home)), []);
  assert.match(await machine.heads(), /"last_seq":3/);
  assert.deepEqual(machine.store.topics().map(({ headSeq }) => headSeq), [3]);
  assert.equal(machine.news, 1);
  await machine.scanner.scanAll();
});

Deno.test("of a user who loses the grant what cannot be taken stays in the home, and goes once it can", async () => {
  await using machine = await Machine.create();
  const { signer } = generateEd25519();
  const log = signedLog(signer, 3);
  const sound = signedLog(signer, 2, { topic_name: "sound" });
  await machine.grant(true);
  await machine.write(signer, log.slice(0, 1));
  await machine.scanner.scanAll();
  await machine.write(signer, log);
  await machine.write(signer, sound);
  const [id, soundId] = [log, sound].map(([first]) =>
    topicId(first?.founder_pubkey ?? "", first?.topic_name ?? "")
  );
  assert.ok(id && soundId);
  const folder = join(machine.home, ".vigo-poolq", id);
  const second = log[1] ?? assert.fail();
  await Deno.writeTextFile(join(folder, "messages", `${messageId(second)}.json`), "torn");
  await machine.grant(false);
  await machine.scanner.scanAll();
  const left = () => Array.fromAsync(Deno.readDir(join(machine.home, ".vigo-poolq")));
  assert.deepEqual((await left()).map(({ name }) => name), [id]);
  assert.equal(machine.store.topic(soundId)?.headSeq, 2);
  assert.match(await machine.heads(), /"last_seq":3/);
  const warnings = machine.log.lines.filter((line) => /grant stay/.test(JSON.stringify(line)));
  assert.equal(warnings.length, 1);
  assert.match(JSON.stringify(warnings), /not JSON.*up to seq 3 is not held/);

  await machine.write(signer, log);
  machine.clock.nowMs += 60_000;
  await machine.scanner.scanAll();
  assert.deepEqual(await Array.fromAsync(Deno.readDir(machine.home)), []);
  assert.equal(machine.store.topic(id)?.headSeq, 3);
});

Deno.test("of a user who loses the grant nothing is removed while the disk has no room for what was posted", async () => {
  await using machine = await Machine.create();
  const { signer } = generateEd25519();
  await machine.grant(true);
  await machine.scanner.scanAll();
  await machine.write(signer, signedLog(signer, 2));
  await machine.grant(false);
  const { store } = machine;
  const save = store.save.bind(store);
  store.save = () => {
    throw new Error("database or disk is full");
  };
  await machine.scanner.scanAll();
  assert.equal((await Array.fromAsync(Deno.readDir(machine.home))).length, 1);
  assert.match(JSON.stringify(machine.log.lines), /grant stay.*disk is full/);

  store.save = save;
  machine.clock.nowMs += 60_000;
  await machine.scanner.scanAll();
  assert.deepEqual(await Array.fromAsync(Deno.readDir(machine.home)), []);
  assert.deepEqual(store.topics().map(({ headSeq }) => headSeq), [2]);
});

Deno.test("a grant that comes and goes between two looks at a home leaves no queues there", async () => {
  await using machine = await Machine.create();
  const { signer } = generateEd25519();
  await machine.grant(true);
  await machine.scanner.scanAll();
  await machine.grant(false);
  await machine.scanner.scanAll();
  await machine.grant(true);
  await machine.scanner.scanAll();
  await machine.write(signer, signedLog(signer, 1));
  await machine.grant(false);
  await machine.scanner.scanAll();
  assert.deepEqual(await Array.fromAsync(Deno.readDir(machine.home)), []);
});

Deno.test("two histories by one key are both kept, and nothing after is taken", async () => {
  await using machine = await Machine.create();
  const { signer } = generateEd25519();
  const log = signedLog(signer, 2);
  const [first] = log;
  assert.ok(first);
  await machine.grant(true);
  await machine.write(signer, log);
  await machine.scanner.scan("mara");
  const other = nextMessage(signer, first, { body: "another" });
  await machine.write(signer, [first, other, nextMessage(signer, other)]);
  await machine.scanner.scan("mara");
  const [topic] = machine.store.topics();
  assert.deepEqual(topic?.equivocation?.ids, [
    messageId(log[1] ?? assert.fail()),
    messageId(other),
  ]);
  assert.equal(topic?.headSeq, 2);
});

Deno.test("an allocator that its puddle did not sign is told of, and its messages are held as a copy", async () => {
  await using machine = await Machine.create();
  const { signer } = generateEd25519();
  await machine.grant(true);
  await machine.write(generateEd25519().signer, signedLog(signer, 2));
  await machine.scanner.scan("mara");
  const [topic] = machine.store.topics();
  assert.deepEqual([topic?.headSeq, topic?.user, topic?.appointment], [2, null, null]);
  assert.match(JSON.stringify(machine.log.lines), /has not signed who writes it/);
  await machine.write(signer, signedLog(signer, 2));
  await machine.scanner.scan("mara");
  assert.deepEqual(machine.store.topics().map(({ user }) => user), ["mara"]);
});

Deno.test("what a poster hands over is taken without a look, if it goes on from what was found in that home", async () => {
  await using machine = await Machine.create();
  const { signer } = generateEd25519();
  const log = signedLog(signer, 5);
  await machine.grant(true);
  await machine.write(signer, log.slice(0, 3));
  await machine.scanner.scan("mara");
  const [topic] = machine.store.topics();
  assert.ok(topic);
  machine.news = 0;

  // These never get into the home: a look could not have found them.
  assert.equal(await machine.scanner.takePosted("mara", log.slice(3)), true);
  assert.deepEqual(machine.store.topic(topic.topicId), {
    ...topic,
    headSeq: 5,
    headId: messageId(log[4] ?? assert.fail()),
  });
  assert.match(await machine.heads(), /"last_seq":5/);
  assert.equal(machine.news, 1);

  assert.equal(await machine.scanner.takePosted("mara", log.slice(3)), true, "it is held already");
  assert.equal(machine.news, 1);
});

Deno.test("of what a poster hands over nothing is taken that another could have made up", async () => {
  await using machine = await Machine.create();
  const { signer } = generateEd25519();
  const log = signedLog(signer, 5);
  const last = log.at(-1) ?? assert.fail();
  const sixth = nextMessage(signer, last);
  await machine.grant(true);
  await machine.write(signer, log);
  await machine.scanner.scan("mara");
  const stranger = generateEd25519().signer;
  const cases: readonly (readonly [string, string, readonly object[]])[] = [
    ["of a topic that was in no home", "mara", [signedLog(stranger, 1)[0] ?? assert.fail()]],
    ["of another user", "paul", [sixth]],
    ["with another body", "mara", [{ ...sixth, body: "forged" }]],
    ["signed by another key", "mara", [nextMessage(stranger, last)]],
    ["after a gap", "mara", [nextMessage(signer, sixth)]],
    ["after another message", "mara", [nextMessage(signer, { ...last, body: "other" })]],
    ["no message", "mara", [{}]],
    ["nothing", "mara", []],
  ];
  for (const [what, user, messages] of cases) {
    assert.equal(await machine.scanner.takePosted(user, messages), false, what);
  }
  machine.isOpen = false;
  assert.equal(await machine.scanner.takePosted("mara", [sixth]), false, "the gate is closed");
  machine.isOpen = true;
  await machine.grant(false);
  assert.equal(await machine.scanner.takePosted("mara", [sixth]), false, "the grant is gone");
  assert.deepEqual(machine.store.topics().map(({ headSeq }) => headSeq), [5]);
  assert.equal(machine.news, 1);
});

Deno.test("what follows a message that is refused is not taken, and what came before it is", async () => {
  await using machine = await Machine.create();
  const { signer } = generateEd25519();
  const log = signedLog(signer, 4);
  await machine.grant(true);
  await machine.write(signer, log.slice(0, 1));
  await machine.scanner.scan("mara");
  const [, second, third, fourth] = log;
  const handed = [second ?? assert.fail(), { ...third, body: "forged" }, fourth ?? assert.fail()];
  assert.equal(await machine.scanner.takePosted("mara", handed), false);
  assert.deepEqual(machine.store.topics().map(({ headSeq }) => headSeq), [2]);
});

import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import { getegid, geteuid } from "node:process";
import { envoyDocument, fleetDocument, subsystems } from "../../shared/config/document_fixture.ts";
import { rootPaths } from "../../shared/platform/root_paths.ts";
import { eventually } from "../../tests/support/eventually.ts";
import { TemporaryRoot } from "../../tests/support/temporary_root.ts";
import { FakeClock } from "../runtime/fake_clock.ts";
import { fakeLog } from "../runtime/fake_log.ts";
import { poolqPaths } from "../poolq/poolq_paths.ts";
import { postFixture } from "../poolq/post_fixture.ts";
import { postMessages } from "../poolq/post.ts";
import { agentPaths } from "../store/agent_paths.ts";
import { UserScans } from "../user_scan/user_scans.ts";
import { FakeQueueServer } from "./fake_queue_server.ts";
import { QueueKeeper } from "./queue_keeper.ts";
import { QueueStore } from "./queue_store.ts";

const RETENTION_MS = 3_600_000;
const PRUNE_EVERY_MS = 10 * 60_000;

/** A machine with one user who posts, and the keeper of its queues; real processes look into the home. */
class KeptMachine implements AsyncDisposable {
  readonly clock = new FakeClock(Date.now());
  readonly server = new FakeQueueServer();
  readonly keeper: QueueKeeper;
  readonly store: QueueStore;
  readonly #fixture: ReturnType<typeof postFixture>;
  #topicId = "";

  private constructor(private readonly root: TemporaryRoot) {
    const roots = rootPaths(root.path);
    this.store = QueueStore.open(root.join("poolq.db"));
    this.#fixture = postFixture(this.home, {
      clock: () => ({ nowMs: this.clock.nowMs(), isCorrected: true }),
    });
    const poolq = { ...fleetDocument().poolq, retentionSecs: RETENTION_MS / 1_000 };
    const signed = { payload: new Uint8Array(), signature: new Uint8Array() };
    const fleet = { value: fleetDocument({ poolq }), signed };
    const envoy = { value: envoyDocument({ swarm: { subsystems: subsystems("poolq") } }), signed };
    this.keeper = new QueueKeeper({
      roots,
      paths: agentPaths(roots),
      store: this.store,
      held: { fleet: () => fleet, envoy: () => envoy },
      caller: {
        call: (method, body) => this.server.call(method, body),
        serverTimeMs: () => this.clock.nowMs(),
      },
      rest: "https://localhost:1",
      ca: "",
      clock: this.clock,
      log: fakeLog(),
      engine: { askPeer: () => Promise.reject(new Error("no peer is asked")) },
      scans: new UserScans(),
      identity: () => {
        throw new Error("the server's REST is not asked");
      },
      hostname: () => "danlap",
      isStreamOpen: () => false,
      isEnrolled: () => Promise.resolve(undefined),
    });
  }

  static async create(): Promise<KeptMachine> {
    const root = await TemporaryRoot.create();
    const machine = new KeptMachine(root);
    await Deno.mkdir(root.join("etc"));
    const ids = `${geteuid?.()}:${getegid?.()}`;
    await Deno.writeTextFile(root.join("etc/passwd"), `mara:x:${ids}::/home/mara:/bin/sh\n`);
    await Deno.mkdir(machine.home, { recursive: true });
    const policies = root.join("var/lib/vigo/usercrate-policy");
    await Deno.mkdir(policies, { recursive: true });
    const policy = { user: "mara", puddle: false, gitback: false, curator: false, poolq: true };
    await Deno.writeTextFile(`${policies}/mara.json`, JSON.stringify(policy));
    return machine;
  }

  get home(): string {
    return this.root.join("home/mara");
  }

  async post(count: number): Promise<void> {
    const { context, messageSigner } = this.#fixture;
    const bodies = Array.from({ length: count }, (_, index) => `body ${index}`);
    const { topic } = await postMessages(context, messageSigner, "builds", bodies);
    this.#topicId = topic.id;
  }

  /** A cycle of the daemon after `passedMs`, and what follows from it. */
  cycle(passedMs: number): void {
    void this.clock.advance(passedMs);
    this.keeper.noteCycle(true);
  }

  get acknowledged(): number | undefined {
    return this.server.stored.get(this.#topicId);
  }

  /** The seqs that have a file in the home, and those that the daemon holds. */
  async kept(): Promise<{ readonly home: readonly number[]; readonly daemon: readonly number[] }> {
    const { messages } = poolqPaths(this.home).topic(this.#topicId);
    const files = await Promise.all(
      (await readdir(messages)).map((name) => Deno.readTextFile(`${messages}/${name}`)),
    );
    const held = this.store.range(this.#topicId, { from: 1, limit: 100, maxLength: 1e6 });
    const seqs = (texts: readonly string[]) =>
      texts.map((text) => Number(JSON.parse(text).seq)).sort((one, other) => one - other);
    return { home: seqs(files), daemon: seqs(held) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.keeper.stop();
    this.store[Symbol.dispose]();
    await this.root[Symbol.asyncDispose]();
  }
}

Deno.test("messages past their age leave the founder's home and the daemon once the server has them, all but the last", async () => {
  await using machine = await KeptMachine.create();
  const leaves = async (what: string, ...seqs: number[]) =>
    await eventually(what, async () => {
      assert.deepEqual(await machine.kept(), { home: seqs, daemon: seqs });
      return true;
    });
  await machine.post(3);
  machine.cycle(0);
  await eventually("the server has three", () => machine.acknowledged === 3);
  await machine.post(2);
  machine.cycle(60_000);
  await eventually("the server has five", () => machine.acknowledged === 5);
  machine.cycle(RETENTION_MS - 60_000 + 1);
  await leaves("what is past its age is gone, and nothing else", 4, 5);

  machine.server.isAway = true;
  await machine.post(2);
  machine.cycle(60_000);
  await eventually("the new ones are held", async () => (await machine.kept()).daemon.includes(7));
  machine.cycle(RETENTION_MS + PRUNE_EVERY_MS);
  await leaves("what the server does not have stays", 6, 7);

  machine.server.isAway = false;
  machine.cycle(0);
  await eventually("the server has seven", () => machine.acknowledged === 7);
  machine.cycle(PRUNE_EVERY_MS);
  await leaves("the last one stays", 7);

  await machine.post(1);
  assert.deepEqual((await machine.kept()).home, [7, 8], "the topic goes on where it was");
});

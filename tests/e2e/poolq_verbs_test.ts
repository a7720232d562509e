import assert from "node:assert/strict";
import { cp } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { poolqPaths } from "../../agent/poolq/poolq_paths.ts";
import { configPublish } from "../../shared/rest/config.ts";
import { EXIT_CODE } from "../../shared/terminal/exit_code.ts";
import { eventually } from "../support/eventually.ts";
import { QueueUser, userCrate } from "../support/queue_user.ts";
import { type FleetHost, TestFleet } from "../support/test_fleet.ts";

const SECTIONS = {
  swarm: {
    enabled: ["*"],
    payload: { enabled: ["*"] },
    puddle: { enabled: ["*"] },
    poolq: { enabled: ["*"] },
  },
};
const PASSPHRASE = "correct horse battery staple";
const posted = z.object({ topic_id: z.string(), seq: z.number(), msg_id: z.string() });
const topicList = z.object({
  topics: z.array(z.object({ topicId: z.string(), headSeq: z.number(), writer: z.string() })),
});

/** mara, who has one puddle on several machines and types commands on them. */
class Person {
  readonly #user = new QueueUser("mara");

  constructor(private readonly fleet: TestFleet) {}

  async settle(host: FleetHost): Promise<void> {
    await this.#user.settle(host);
    await Deno.writeTextFile(join(host.root, "passphrase"), `${PASSPHRASE}\n`, { mode: 0o600 });
  }

  home(host: FleetHost): string {
    return this.#user.home(host);
  }

  /** Types `vigo swarm …`; a session has its place in the home. */
  type(host: FleetHost, ...args: string[]) {
    const all = ["swarm", ...args, "--user", this.#user.name];
    return this.fleet.vigo(host, all, { XDG_RUNTIME_DIR: "" });
  }

  /** What a verb prints. @throws {Error} if its status is not 0. */
  async get(host: FleetHost, ...args: string[]): Promise<string> {
    const { code, stdout, stderr } = await this.type(host, ...args);
    if (code !== 0) throw new Error(`${args.join(" ")}: status ${code}: ${stderr.trim()}`);
    return stdout;
  }

  async post(host: FleetHost, topic: string, body: string) {
    const text = await this.get(host, "poolq", "post", topic, "--body", body, "--json");
    return posted.parse(JSON.parse(text));
  }

  bodies(host: FleetHost, topic: string): Promise<string> {
    return this.get(host, "poolq", "tail", topic, "--format", "body");
  }

  secret(host: FleetHost, ...args: string[]): Promise<string> {
    return this.get(host, ...args, "--passphrase-file", join(host.root, "passphrase"));
  }
}

Deno.test("a person posts, reads and moves topics between machines with one identity", async (t) => {
  await TestFleet.run(["hub", "web-1"], async (fleet) => {
    const [hub, web] = fleet.hosts;
    assert.ok(hub && web);
    const mara = new Person(fleet);
    for (const host of fleet.hosts) await mara.settle(host);
    await fleet.join();
    await fleet.stage({
      "usercrates/mara.vgo": userCrate("mara", { puddle: true, poolq: true }),
      "envoys.vgo": 'match: "*"\nusercrates: [mara]\n',
    });
    await fleet.ask(configPublish, "config", "publish", "-m", "queues for mara");
    await fleet.cli("envoys", "push", "--target", "*");
    for (const host of fleet.hosts) {
      await eventually(`${host.hostname} lets mara post`, async () => {
        const { code, stderr } = await mara.type(host, "poolq", "post", "t", "--body", "x");
        assert.equal(code, EXIT_CODE.failed, stderr);
        assert.match(stderr, /not initialised/);
        return true;
      });
    }
    await mara.secret(web, "puddle", "init");
    await t.step(
      "the puddle has to be unlocked, and then a message is posted and read",
      async () => {
        const locked = await mara.type(web, "poolq", "post", "builds", "--body", "one");
        assert.match(locked.stderr, /locked. Run "vigo swarm puddle unlock"/);
        await mara.secret(web, "puddle", "unlock");
        const first = await mara.post(web, "builds", "one");
        assert.equal(first.seq, 1);
        const text = await mara.get(web, "poolq", "post", "builds", "--body", "two");
        assert.match(text, /^Posted to [0-9a-f]{12}\/builds as seq 2 \(msg_id [0-9a-f]{12}\)\n$/);
        await eventually("the hub reads it by its id", async () => {
          const tail = await mara.type(hub, "poolq", "tail", first.topic_id, "--format", "body");
          return tail.stdout === "one\ntwo\n";
        });
        await mara.get(hub, "poolq", "subscribe", first.topic_id);
        const read = await mara.get(hub, "poolq", "read", first.topic_id, "--limit", "1");
        assert.match(read, /^seq=1 posted_at=\S+ msg_id=[0-9a-f]{12} body=one\n$/);
        assert.equal(await mara.get(hub, "poolq", "offset", first.topic_id), "1\n");
        const topics = topicList.parse(JSON.parse(await topicsOf(fleet, hub)));
        assert.deepEqual(
          topics.topics.map(({ topicId, headSeq, writer }) => [topicId, headSeq, writer]),
          [[first.topic_id, 2, "web-1"]],
        );
      },
    );

    await t.step(
      "another machine with the same puddle is told who writes, until it is moved",
      async () => {
        await mara.get(web, "puddle", "lock");
        await cp(join(mara.home(web), ".vigo-puddle"), join(mara.home(hub), ".vigo-puddle"), {
          recursive: true,
          preserveTimestamps: true,
        });
        await mara.secret(hub, "puddle", "unlock");
        await mara.secret(web, "puddle", "unlock");
        const refused = await mara.type(hub, "poolq", "post", "builds", "--body", "x");
        assert.equal(refused.code, EXIT_CODE.refused);
        assert.match(refused.stderr, /written from web-1; .* poolq move builds --to hub/);
        const nowhere = await mara.type(web, "poolq", "move", "builds", "--to", "nowhere");
        assert.equal(nowhere.code, EXIT_CODE.refused);
        assert.match(nowhere.stderr, /no envoy of that name is enrolled/);
        await mara.get(web, "poolq", "move", "builds", "--to", hub.hostname);
        const gone = await mara.type(web, "poolq", "post", "builds", "--body", "x");
        assert.match(gone.stderr, new RegExp(`written from ${hub.hostname}`));
        const third = await eventually("the hub has heard that it writes", async () => {
          const { code, stdout } = await mara.type(hub, ...postJson("builds", "three"));
          return code === 0 && posted.parse(JSON.parse(stdout));
        });
        assert.equal(third.seq, 3);
        await eventually(
          "web-1 reads what the hub wrote",
          async () => await mara.bodies(web, "builds") === "one\ntwo\nthree\n",
        );
      },
    );

    await t.step(
      "a home that is restored from an older backup gets back what was posted since",
      async () => {
        const home = poolqPaths(mara.home(hub));
        const backup = join(hub.root, "backup");
        await cp(home.folder, backup, { recursive: true, preserveTimestamps: true });
        const later = await mara.post(hub, "builds", "four");
        await eventually(
          "the fleet knows of it",
          async () => await mara.bodies(web, "builds") === "one\ntwo\nthree\nfour\n",
        );
        await Deno.remove(home.folder, { recursive: true });
        await cp(backup, home.folder, { recursive: true, preserveTimestamps: true });
        const next = await mara.post(hub, "builds", "five");
        assert.equal(next.seq, later.seq + 1);
        await eventually(
          "one unbroken log is read",
          async () => await mara.bodies(web, "builds") === "one\ntwo\nthree\nfour\nfive\n",
        );
      },
    );

    await t.step(
      "a topic that two machines founded while neither reached the other is told as a fork",
      async () => {
        for (const host of fleet.hosts) await fleet.killAgent(host);
        const { topic_id, seq, msg_id } = await mara.post(web, "fresh", "from web-1");
        const other = await mara.post(hub, "fresh", "from the hub");
        assert.deepEqual([other.topic_id, other.seq, seq], [topic_id, 1, 1]);
        assert.notEqual(other.msg_id, msg_id);
        for (const host of fleet.hosts) await fleet.startAgent(host);
        await eventually("the server has both and says so", async () => {
          const shown = await fleet.cli("swarm", "poolq", "show", topic_id);
          return /equivocation/i.test(shown);
        });
      },
    );
    for (const host of fleet.hosts) await mara.get(host, "puddle", "lock");
  }, { sections: SECTIONS });
});

function postJson(topic: string, body: string): string[] {
  return ["poolq", "post", topic, "--body", body, "--json"];
}

async function topicsOf(fleet: TestFleet, host: FleetHost): Promise<string> {
  const { stdout } = await fleet.vigo(host, ["swarm", "poolq", "topics", "--json"]);
  return stdout;
}

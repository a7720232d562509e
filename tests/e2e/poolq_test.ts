import assert from "node:assert/strict";
import { join } from "node:path";
import { z } from "zod";
import type { FleetRange } from "../../agent/poolq/fleet_view.ts";
import { agentPaths } from "../../agent/store/agent_paths.ts";
import { rootPaths } from "../../shared/platform/root_paths.ts";
import { createMessageVerifier } from "../../shared/poolq/verify_message.ts";
import { configPublish } from "../../shared/rest/config.ts";
import { poolqHead, poolqRange, poolqStatus, poolqTopics } from "../../shared/rest/poolq.ts";
import { eventually } from "../support/eventually.ts";
import { QueueUser, userCrate } from "../support/queue_user.ts";
import { type FleetHost, TestFleet } from "../support/test_fleet.ts";

const SECTIONS = {
  swarm: {
    enabled: ["*"],
    payload: { enabled: ["*"] },
    poolq: { enabled: ["*"] },
    puddle: { enabled: ["*"] },
  },
};
const grants = z.object({ poolq: z.boolean() });
const heads = z.object({
  topics: z.record(z.string(), z.object({ last_seq: z.number(), writer: z.string() })),
});

/** The bodies of a range, each message proven. */
function bodiesOf(range: FleetRange | undefined): string[] {
  const verify = createMessageVerifier();
  return (range?.messages ?? []).map((message) => {
    const verdict = verify(message, { topicId: range?.topicId ?? "" });
    assert.ok(verdict.ok, verdict.ok ? "" : verdict.reason);
    return verdict.verified.message.body;
  });
}

/** Publishes what a user may do on every machine, and waits until all of them have applied it. */
async function grant(fleet: TestFleet, user: QueueUser, poolq: boolean): Promise<void> {
  await fleet.stage({
    [`usercrates/${user.name}.vgo`]: userCrate(user.name, { poolq, puddle: true }),
    "envoys.vgo": `match: "*"\nusercrates: [${user.name}]\n`,
  });
  await fleet.ask(configPublish, "config", "publish", "-m", `poolq ${poolq}`);
  await fleet.cli("envoys", "push", "--target", "*");
  await Promise.all(
    fleet.hosts.map((host) =>
      eventually(`${host.hostname} has the grants of ${user.name}`, async () => {
        const path = join(host.root, "var/lib/vigo/usercrate-policy", `${user.name}.json`);
        return grants.parse(JSON.parse(await Deno.readTextFile(path))).poolq === poolq;
      })
    ),
  );
}

/** Waits until a host's daemon hands out exactly these bodies. */
async function reads(
  user: QueueUser,
  host: FleetHost,
  topic: string,
  bodies: readonly string[],
): Promise<FleetRange> {
  return await eventually(`${host.hostname} reads ${bodies.length} messages`, async () => {
    const range = await user.read(host, topic);
    const found = bodiesOf(range);
    assert.deepEqual(found.slice(-bodies.length), bodies);
    return range;
  });
}

/** Waits until the server has a topic up to a seq. */
async function stored(fleet: TestFleet, user: QueueUser, topic: string, seq: number) {
  const id = user.topicId(topic);
  await eventually(`the server has seq ${seq} of ${topic}`, async () => {
    const { status, json } = await fleet.api(`/swarm/poolq/topic/${id}/head`);
    return status === 200 && poolqHead.answer.parse(json).headSeq === seq;
  });
}

Deno.test("queues travel between machines, whoever is away", async (t) => {
  await TestFleet.run(["hub", "web-1", "web-2"], async (fleet) => {
    const [hub, one, two] = fleet.hosts;
    assert.ok(hub && one && two);
    const user = new QueueUser("mara");
    for (const host of fleet.hosts) await user.settle(host);
    await fleet.join();
    await grant(fleet, user, true);

    await t.step(
      "a person with an unlocked puddle posts; on another machine anybody reads",
      async () => {
        await fleet.swarmRuns(one);
        await user.unlockPuddle(fleet, one);
        const posted = z.object({ topic_id: z.string() }).parse(
          JSON.parse(
            await user.verb(fleet, one, "poolq", "post", "news", "--body", "hello", "--json"),
          ),
        );
        const body = await eventually("web-2 reads it", async () => {
          const args = ["poolq", "tail", posted.topic_id, "--format", "body"];
          return (await user.verb(fleet, two, ...args)).trim();
        });
        assert.equal(body, "hello");
        await user.verb(fleet, one, "puddle", "lock");
      },
    );

    await t.step(
      "what is posted on one machine is read on another, and at the server",
      async () => {
        await user.post(one, "builds", "first", "über");
        await reads(user, two, "builds", ["first", "über"]);
        const { topics } = await fleet.ask(poolqTopics, "swarm", "poolq", "list");
        assert.deepEqual(
          topics.filter(({ name }) => name === "builds").map((
            { name, writer, headSeq, user },
          ) => [name, writer, headSeq, user]),
          [
            ["builds", "web-1", 2, "mara"],
          ],
        );
        const id = user.topicId("builds");
        const { messages } = await fleet.ask(poolqRange, "swarm", "poolq", "read", id.slice(0, 8));
        assert.deepEqual(messages.map(({ body }) => body), ["first", "über"]);
        assert.match(await fleet.cli("swarm", "poolq", "show", id), /Written from +web-1, by mara/);
        for (const verb of [["poolq", "read"], ["puddle", "show"]]) {
          await assert.rejects(fleet.cli("swarm", ...verb, id.slice(0, 6)), /at least 8/);
        }
        assert.equal((await fleet.ask(poolqStatus, "swarm", "poolq", "status")).messages, 3);
      },
    );

    await t.step("who follows a topic is told of the next message when it comes", async () => {
      const next = user.read(two, "builds", 3, 25);
      await user.post(one, "builds", "third");
      // The wait may end before a busy machine is done; then it is begun again.
      const range = bodiesOf(await next).length > 0
        ? await next
        : await eventually("the third message comes", async () => {
          const later = await user.read(two, "builds", 3, 25);
          return bodiesOf(later).length > 0 && later;
        });
      assert.deepEqual(bodiesOf(range), ["third"]);
    });

    await t.step("what an admin blocks no machine shows, until it is unblocked", async () => {
      const id = user.topicId("builds");
      await fleet.cli("swarm", "poolq", "block", id.slice(0, 12), "--reason", "spam");
      for (const host of [one, two]) {
        await eventually(`${host.hostname} does not show it`, async () => {
          await assert.rejects(user.read(host, "builds"), /blocked by the fleet's admin/);
          return true;
        });
      }
      await fleet.cli("swarm", "poolq", "unblock", id);
      for (const host of [one, two]) {
        await reads(user, host, "builds", ["first", "über", "third"]);
      }
    });

    await t.step("with the server stopped a third machine reads from its peers", async () => {
      await stored(fleet, user, "builds", 3);
      await fleet.swarmRuns();
      await fleet.stopServer();
      await user.post(one, "builds", "fourth");
      const range = await reads(user, hub, "builds", ["first", "über", "third", "fourth"]);
      assert.match(range.source, /^(peer web-1|local)$/);
    });

    await t.step(
      "what is posted without daemon and server is told when they are back",
      async () => {
        await fleet.stopAgent(one);
        await user.post(one, "builds", "fifth");
        await fleet.startServer();
        await fleet.startAgent(one);
        await stored(fleet, user, "builds", 5);
        await reads(user, two, "builds", ["fourth", "fifth"]);
      },
    );

    await t.step(
      "a daemon that is killed while it uploads goes on where the server is",
      async () => {
        const bodies = Array.from({ length: 600 }, (_, at) => `${at} ${"x".repeat(4_000)}`);
        await user.post(one, "large", ...bodies.slice(0, 1));
        await stored(fleet, user, "large", 1);
        await user.post(one, "large", ...bodies.slice(1));
        await eventually("some of it has arrived", async () => {
          const { json } = await fleet.api(`/swarm/poolq/topic/${user.topicId("large")}/head`);
          return poolqHead.answer.parse(json).headSeq > 1;
        });
        await fleet.killAgent(one);
        await fleet.startAgent(one);
        await stored(fleet, user, "large", 600);
        const range = await user.read(two, "large", 1);
        assert.equal(bodiesOf(range)[0], bodies[0]);
      },
    );

    await t.step(
      "a server restored from an older backup gets back what it has lost, also from an envoy that lost what it held",
      async () => {
        const database = join(hub.root, "srv/vigo/db");
        await fleet.stopServer();
        await copyFolder(database, `${database}.older`);
        await fleet.startServer();
        await user.post(one, "builds", "sixth", "seventh");
        await stored(fleet, user, "builds", 7);
        await fleet.stopServer();
        await Deno.remove(database, { recursive: true });
        await Deno.rename(`${database}.older`, database);
        await fleet.stopAgent(one);
        const held = agentPaths(rootPaths(one.root)).queueDatabase;
        await Deno.remove(held);
        for (const beside of [`${held}-wal`, `${held}-shm`]) {
          await Deno.remove(beside).catch(() => {});
        }
        await fleet.startServer();
        await fleet.startAgent(one);
        await stored(fleet, user, "builds", 7);
        await reads(user, two, "builds", ["sixth", "seventh"]);
      },
    );

    await t.step(
      "without the grant a home is scrubbed, and seqs go on where they were",
      async () => {
        await grant(fleet, user, false);
        await eventually("the queues in the home are gone", async () => {
          const names = await Array.fromAsync(Deno.readDir(user.home(one)), ({ name }) => name);
          return !names.includes(".vigo-poolq");
        });
        const path = join(one.root, "var/lib/vigo/poolq-heads/mara.json");
        const { topics } = heads.parse(JSON.parse(await Deno.readTextFile(path)));
        assert.deepEqual(topics[user.topicId("builds")], {
          ...topics[user.topicId("builds")],
          last_seq: 7,
          writer: "web-1",
        });
        await reads(user, two, "builds", ["sixth", "seventh"]);
        await grant(fleet, user, true);
        const { messages: [posted] } = await user.post(one, "builds", "eighth");
        assert.equal(posted?.seq, 8);
        await reads(user, two, "builds", ["sixth", "seventh", "eighth"]);
      },
    );

    await t.step("a user whom the policy does not name any more has no grant left", async () => {
      await fleet.stage({ "envoys.vgo": 'match: "*"\n' });
      await fleet.ask(configPublish, "config", "publish", "-m", "nobody");
      await fleet.cli("envoys", "push", "--target", "*");
      await eventually("the grant and the queues in the home are gone", async () => {
        const policies = join(one.root, "var/lib/vigo/usercrate-policy");
        const left = await Array.fromAsync(Deno.readDir(policies), ({ name }) => name);
        const names = await Array.fromAsync(Deno.readDir(user.home(one)), ({ name }) => name);
        assert.deepEqual([left, names.filter((name) => name === ".vigo-poolq")], [[], []]);
        return true;
      });
    });
  }, { sections: SECTIONS });
});

async function copyFolder(from: string, to: string): Promise<void> {
  await Deno.mkdir(to, { recursive: true });
  for await (const { name } of Deno.readDir(from)) {
    await Deno.copyFile(join(from, name), join(to, name));
  }
}

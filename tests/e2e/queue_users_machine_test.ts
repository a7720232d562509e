/** Queues of several real users of one machine: each home is looked into as its user, by a daemon that could not do it itself. */
import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { z } from "zod";
import { generateEd25519 } from "../../shared/crypto/ed25519.ts";
import { signedLog } from "../../shared/poolq/log_fixture.ts";
import { type Message, messageId, messageLine } from "../../shared/poolq/message.ts";
import { topicId } from "../../shared/poolq/topic.ts";
import { poolqRange, poolqTopics } from "../../shared/rest/poolq.ts";
import { programCommand } from "../support/run_program.ts";
import { denoFolder } from "../support/deno_folder.ts";
import { eventually } from "../support/eventually.ts";
import { MachineFleet } from "../support/machine_fleet.ts";
import { ENVIRONMENT } from "../support/test_fleet.ts";
import { canBootMachine, ThrowawayMachine } from "../support/throwaway_machine.ts";

const canRun = canBootMachine();
if (!canRun) {
  console.warn("skipped: queues of real users need root, namespaces and systemd");
}
const SECTIONS = {
  swarm: {
    enabled: ["*"],
    payload: { enabled: ["*"] },
    poolq: { enabled: ["*"] },
    puddle: { enabled: ["*"] },
  },
};
/** Without these root opens nothing that belongs to another and is closed to the world. */
const NO_WAY_AROUND_MODES = "-dac_override,-dac_read_search,-fowner";
const UIDS = { mara: 12_001, paul: 12_002 } as const;
type User = keyof typeof UIDS;
const PASSPHRASE = "correct horse battery staple\n";
const posted = z.object({ topic_id: z.string() });

/** A machine with two users, of whom a fleet of one envoy grants queues to those that are named. */
class SharedMachine {
  constructor(private readonly machine: ThrowawayMachine, private readonly fleet: MachineFleet) {}

  /** Who runs the tests may keep its files to itself; in the machine every user can start `vigo`. */
  async openRuntime(): Promise<void> {
    const repository = join(import.meta.dirname ?? ".", "../..");
    const folders = new Set<string>();
    for (const path of [repository, denoFolder(), dirname(Deno.execPath())]) {
      for (let at = path; at !== "/"; at = dirname(at)) folders.add(at);
    }
    await this.machine.runOrThrow("chmod", ["o+x", ...folders]);
  }

  async grant(...users: readonly User[]): Promise<void> {
    const files = Object.entries(UIDS).map(([name, uid]) => {
      const flag = users.some((user) => user === name);
      return [
        `usercrates/${name}.vgo`,
        `name: ${name}\nresources:\n  - user: ${name}\n    uid: ${uid}\n    poolq: ${flag}\n    puddle: ${flag}\n`,
      ] as const;
    });
    const folder = "/root/stacks";
    for (
      const [path, text] of [
        ...files,
        ["envoys.vgo", 'match: "*"\nusercrates: [mara, paul]\n'] as const,
      ]
    ) {
      await this.write(join(folder, path), text);
    }
    await this.fleet.publish(folder);
  }

  /** Writes a file of root's, or of a user's own that others may not read. */
  async write(path: string, text: string, user?: User): Promise<void> {
    const place = join(this.machine.root, path);
    await Deno.mkdir(dirname(place), { recursive: true });
    await Deno.writeTextFile(place, text);
    if (!user) return;
    await Deno.chmod(place, 0o600);
    await Deno.chown(place, UIDS[user], UIDS[user]);
  }

  /** A topic that lies in a folder as if it had been posted there. */
  async layTopic(folder: string, user: User, log: readonly Message[]): Promise<string> {
    const [first] = log, last = log.at(-1);
    assert.ok(first && last);
    const id = topicId(first.founder_pubkey, first.topic_name);
    const topic = join(folder, id);
    for (const message of log) {
      const path = join(topic, "messages", `${messageId(message)}.json`);
      await this.write(path, messageLine(message), user);
    }
    const allocator = { writer: "web-1", last_seq: last.seq, last_msg_id: messageId(last) };
    await this.write(join(topic, "allocator.json"), JSON.stringify(allocator), user);
    await this.machine.runOrThrow("chown", ["-R", `${user}:`, folder]);
    await this.machine.runOrThrow("chmod", ["-R", "go=", folder]);
    return id;
  }

  /** Runs a verb of `vigo swarm` as a user, by the hand of root. */
  verb(user: User, ...args: readonly string[]): Promise<string> {
    const words = programCommand("vigo", ["swarm", ...args, "--user", user]);
    return this.machine.runOrThrow(Deno.execPath(), words, { env: ENVIRONMENT });
  }

  /** Posts what comes on standard input, by the hand of root. */
  postInput(user: User, topic: string, stdin: string) {
    const words = ["swarm", "poolq", "post", topic, "--stdin", "--user", user];
    const env = { ...ENVIRONMENT };
    return this.machine.run(Deno.execPath(), programCommand("vigo", words), { env, stdin });
  }

  async topics() {
    const text = await this.fleet.cli(["swarm", "poolq", "list", "--json"]);
    return poolqTopics.answer.parse(JSON.parse(text)).topics;
  }

  async bodies(id: string): Promise<string[]> {
    const text = await this.fleet.cli(["swarm", "poolq", "read", id, "--json"]);
    return poolqRange.answer.parse(JSON.parse(text)).messages.map(({ body }) => String(body));
  }
}

Deno.test({
  name: "queues of several users: each home is looked into with its user's rights alone",
  ignore: !canRun,
  fn: async (t) => {
    await using machine = await ThrowawayMachine.boot({ hostname: "web-1" });
    await using fleet = await MachineFleet.start(machine, "web-1", SECTIONS);
    const shared = new SharedMachine(machine, fleet);
    await shared.openRuntime();
    await shared.grant("mara");
    await fleet.run();
    const stranger = generateEd25519().signer;
    const secret = await shared.layTopic(
      "/home/paul/.vigo-poolq",
      "paul",
      signedLog(stranger, 2, { topic_name: "secret" }),
    );
    const linked = await shared.layTopic(
      "/srv/elsewhere",
      "mara",
      signedLog(stranger, 1, { topic_name: "linked" }),
    );
    let copiedId = "";
    const command = [Deno.execPath(), ...programCommand("vigo", ["daemon"])];
    const args = ["--bounding-set", NO_WAY_AROUND_MODES, ...command];
    const daemon = machine.start("setpriv", args, { env: ENVIRONMENT });
    try {
      await daemon.waitForLine(/stream to the server is open/, 180_000);

      await t.step(
        "what a user posts is carried, though the daemon cannot enter the home",
        async () => {
          const file = "/home/mara/passphrase";
          await shared.write(file, PASSPHRASE, "mara");
          await machine.runOrThrow("chmod", ["700", "/home/mara"]);
          await shared.verb("mara", "puddle", "init", "--passphrase-file", file);
          await shared.verb("mara", "puddle", "unlock", "--passphrase-file", file);
          const said = await shared.verb(
            "mara",
            "poolq",
            "post",
            "news",
            "--body",
            "hello",
            "--json",
          );
          const id = posted.parse(JSON.parse(said)).topic_id;
          await eventually("the server has it", async () => {
            assert.deepEqual(await shared.bodies(id), ["hello"]);
            return true;
          });
          const [news] = (await shared.topics()).filter(({ topicId }) => topicId === id);
          assert.deepEqual([news?.writer, news?.user], ["web-1", "mara"]);
          const home = join("/home/mara/.vigo-poolq", id);
          const owners = await machine.runOrThrow("find", [home, "-printf", "%u %m\n"]);
          assert.deepEqual([...new Set(owners.trim().split("\n"))].sort(), [
            "mara 600",
            "mara 700",
          ]);
          const asDaemon = ["--bounding-set", NO_WAY_AROUND_MODES, "ls", home];
          assert.notEqual(
            (await machine.run("setpriv", asDaemon)).code,
            0,
            "or this shows nothing",
          );
        },
      );

      await t.step("what root is given for a user is that user's to read", async () => {
        const { code, stdout } = await shared.postInput("mara", "piped", "by the hand of root\n");
        assert.equal(code, 0);
        const id = await eventually(`the server knows: ${stdout.trim()}`, async () => {
          const topics = await shared.topics();
          return topics.find(({ name }) => name === "piped")?.topicId;
        });
        assert.deepEqual(await shared.bodies(id), ["by the hand of root\n"]);
        const tooLarge = await shared.postInput("mara", "piped", "x".repeat(20_000));
        assert.equal(tooLarge.code, 2, tooLarge.stderr);
      });

      await t.step(
        "another user's files cannot be had by a link, nor files outside of the home",
        async () => {
          const queues = "/home/mara/.vigo-poolq";
          for (
            const [id, place] of [[secret, "/home/paul/.vigo-poolq"], [linked, "/srv/elsewhere"]]
          ) {
            await machine.runOrThrow("ln", ["-s", `${place}/${id}`, `${queues}/${id}`]);
          }
          // The folder is mara's own here; what it holds is not.
          const copied = signedLog(stranger, 2, { topic_name: "copied" });
          const id = copiedId = await shared.layTopic("/srv/copied", "mara", copied);
          await machine.runOrThrow("mv", [`/srv/copied/${id}`, `${queues}/${id}`]);
          const last = join(
            queues,
            id,
            "messages",
            `${messageId(copied[1] ?? assert.fail())}.json`,
          );
          await machine.runOrThrow("chown", ["paul:", last]);
          await machine.runOrThrow("chmod", ["644", last]);
          // The first message of a topic is looked for.
          await shared.verb("mara", "poolq", "post", "more", "--body", "hello again");
          const reasons = [
            ...[secret, linked].map((one) => `${one.slice(0, 12)}: its folder is a symbolic link`),
            `${id.slice(0, 12)}: it belongs to uid ${UIDS.paul}`,
          ];
          await eventually(
            "each is told with its reason",
            () => reasons.every((reason) => daemon.output().includes(`topic ${reason}`)),
          );
          const names = await eventually("what is mara's own is carried all the same", async () => {
            const topics = await shared.topics();
            return topics.length > 1 && topics.map(({ name }) => name).sort();
          });
          assert.deepEqual(names, ["more", "news", "piped"]);
        },
      );

      await t.step(
        "a user without the grant is not looked into, and one who loses it is scrubbed, links and all",
        async () => {
          const heads = await machine.runOrThrow("ls", ["/var/lib/vigo/poolq-heads"]);
          assert.equal(heads.trim(), "mara.json");
          await shared.grant("paul");
          await fleet.cli(["envoys", "push", "--target", "web-1"]);
          await eventually("mara's queues are gone, but for what could not be taken", async () => {
            const left = await machine.runOrThrow("ls", ["/home/mara/.vigo-poolq"]);
            return left.trim() === copiedId;
          });
          // Only now paul's home is looked into, as paul.
          await eventually("paul's heads are remembered", async () => {
            const heads = await machine.runOrThrow("cat", ["/var/lib/vigo/poolq-heads/paul.json"]);
            return heads.includes(secret);
          });
          await machine.runOrThrow("ls", [`/home/paul/.vigo-poolq/${secret}/allocator.json`]);
          await machine.runOrThrow("ls", [`/srv/elsewhere/${linked}/allocator.json`]);
        },
      );
    } catch (cause) {
      throw new Error(`${cause instanceof Error ? cause.message : cause}\n${daemon.output()}`, {
        cause,
      });
    } finally {
      // A signal in order would reach who entered the machine, and not the daemon in it.
      await daemon.kill();
    }
  },
});

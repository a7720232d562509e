import { join } from "node:path";
import { z } from "zod";
import { QueueStore } from "../../agent/poolq_mesh/queue_store.ts";
import { generateEd25519 } from "../../shared/crypto/ed25519.ts";
import { sha256Hex } from "../../shared/crypto/sha256.ts";
import { signedMessage } from "../../shared/poolq/log_fixture.ts";
import { topicId } from "../../shared/poolq/topic.ts";
import { programCommand } from "../support/run_program.ts";
import { eventually } from "../support/eventually.ts";
import { TestProcess } from "../support/process.ts";
import { QueueUser, userCrate } from "../support/queue_user.ts";
import { ENVIRONMENT, type FleetHost, TestFleet } from "../support/test_fleet.ts";
import { type BenchRow, percentile } from "./bench_report.ts";
import { BODY } from "./poolq_body.ts";
import { readProcessCost } from "./process_cost.ts";

const POSTS = 100;
const COMMANDS = 25;
const DEADLINE_MS = 600_000;
const HELD = 1_000_000;
const WRITE_AT_ONCE = 10_000;
const posted = z.object({ topic_id: z.string() });
/** What the check-ins of this fleet need to be far from deciding anything. */
const CHECK_IN_SECONDS = 60;

/**
 * What queues cost between machines, in a fleet of real processes: how long after a post returned another machine's daemon
 * hands the message to somebody who waits for it, and how much memory a daemon takes that holds a million messages.
 */
export async function benchPoolqFleet(progress: (text: string) => void): Promise<BenchRow[]> {
  const rows: BenchRow[] = [];
  await TestFleet.run(["hub", "web-1", "web-2"], async (fleet) => {
    const user = new QueueUser("mara");
    for (const host of fleet.hosts) await user.settle(host);
    await fleet.join();
    await grant(fleet, user);
    progress(`${POSTS} posts from one machine to another`);
    rows.push(...await measureVisible(fleet.host("web-1"), fleet.host("web-2"), user));
    progress(`${COMMANDS} posts as a person makes them`);
    rows.push(...await measureCommands(fleet, fleet.host("web-1"), fleet.host("web-2"), user));
    progress(`a daemon that holds ${HELD} messages`);
    rows.push(await measureHeld(fleet, fleet.host("web-2")));
  }, {
    checkInSeconds: CHECK_IN_SECONDS,
    sections: {
      swarm: {
        enabled: ["*"],
        payload: { enabled: ["*"] },
        poolq: { enabled: ["*"] },
        puddle: { enabled: ["*"] },
      },
    },
  });
  return rows;
}

async function grant(fleet: TestFleet, user: QueueUser): Promise<void> {
  await fleet.stage({
    [`usercrates/${user.name}.vgo`]: userCrate(user.name, { poolq: true, puddle: true }),
    "envoys.vgo": `match: "*"\nusercrates: [${user.name}]\n`,
  });
  await fleet.cli("config", "publish", "-m", "queues");
  await fleet.cli("envoys", "push", "--target", "*");
  for (const { root } of fleet.hosts) {
    const path = join(root, "var/lib/vigo/usercrate-policy", `${user.name}.json`);
    await eventually("the user may post", () => Deno.stat(path));
  }
}

async function measureVisible(
  from: FleetHost,
  to: FleetHost,
  user: QueueUser,
): Promise<BenchRow[]> {
  await user.post(from, "latency", BODY);
  await eventually("the first is there", async () => (await user.read(to, "latency"))?.headSeq);
  const samples: number[] = [];
  for (let seq = 2; seq < POSTS + 2; seq += 1) {
    const seen = user.read(to, "latency", seq, 25);
    await user.post(from, "latency", BODY);
    const postedMs = performance.now();
    await seen;
    samples.push(performance.now() - postedMs);
  }
  return percentiles("acknowledged_to_visible", samples);
}

/** Each post is a process, as in a shell, and whoever follows the topic elsewhere is one that prints. */
async function measureCommands(
  fleet: TestFleet,
  from: FleetHost,
  to: FleetHost,
  user: QueueUser,
): Promise<BenchRow[]> {
  await user.unlockPuddle(fleet, from);
  const post = () => user.verb(fleet, from, "poolq", "post", "shell", "--body", BODY, "--json");
  const { topic_id: topic } = posted.parse(JSON.parse(await post()));
  const tail = ["swarm", "poolq", "tail", topic, "--follow", "--format", "json"];
  const words = programCommand("vigo", [...tail, "--user", user.name, "--root", to.root]);
  await using reader = TestProcess.start(Deno.execPath(), words, { env: ENVIRONMENT });
  await reader.waitForLine(/"seq":1,/, DEADLINE_MS);
  const whole: number[] = [], command: number[] = [], after: number[] = [];
  for (let seq = 2; seq < COMMANDS + 2; seq += 1) {
    const startMs = performance.now();
    const seen = reader.waitForLine(new RegExp(`"seq":${seq},`), DEADLINE_MS)
      .then(() => performance.now());
    await post();
    const doneMs = performance.now(), seenMs = await seen;
    whole.push(seenMs - startMs);
    command.push(doneMs - startMs);
    after.push(Math.max(0, seenMs - doneMs));
  }
  await user.verb(fleet, from, "puddle", "lock");
  return [
    ...percentiles("command", command),
    ...percentiles("command_start_to_printed", whole),
    ...percentiles("command_end_to_printed", after),
  ];
}

function percentiles(name: string, samples: readonly number[]): BenchRow[] {
  return (["p50", "p99"] as const).map((metric) => ({
    case: name,
    subject: "vigo",
    metric,
    value: percentile(samples, metric === "p50" ? 0.5 : 0.99),
    unit: "ms",
  }));
}

async function measureHeld(fleet: TestFleet, host: FleetHost): Promise<BenchRow> {
  await fleet.stopAgent(host);
  fill(join(host.root, "var/lib/vigo/poolq.db"));
  await fleet.startAgent(host);
  const { pid } = fleet.agent(host.hostname);
  // What a daemon does with them: it starts, looks after them, and answers.
  await eventually("it has checked in", async () => (await fleet.status(host)).streamOpen);
  const { peakRssBytes } = await readProcessCost(pid);
  return {
    case: `daemon_${HELD}_messages`,
    subject: "vigo",
    metric: "rss_peak",
    value: peakRssBytes / 1e6,
    unit: "MB",
  };
}

/** A topic that was read here; that its messages were signed one by one is of no matter to memory. */
function fill(path: string): void {
  using store = QueueStore.open(path);
  const { signer } = generateEd25519();
  const message = signedMessage(signer, { body: BODY });
  const id = topicId(message.founder_pubkey, message.topic_name);
  const headId = sha256Hex("head");
  const topic = {
    topicId: id,
    name: message.topic_name,
    founder: message.founder_pubkey,
    user: null,
    appointment: null,
    firstSeq: 1,
    headSeq: HELD,
    headId,
    delegations: [],
    equivocation: null,
  };
  for (let from = 1; from <= HELD; from += WRITE_AT_ONCE) {
    const messages = Array.from({ length: WRITE_AT_ONCE }, (_, at) => ({
      id: headId,
      topicId: id,
      message: { ...message, seq: from + at },
    }));
    store.save(topic, messages, Date.now());
  }
}

import { taskEventSchema, taskRun, taskShow } from "../../shared/rest/tasks.ts";
import { programCommand } from "../support/run_program.ts";
import { eventually } from "../support/eventually.ts";
import { TemporaryRoot } from "../support/temporary_root.ts";
import { TestFleet } from "../support/test_fleet.ts";
import { type BenchRow, percentile } from "./bench_report.ts";
import { isInstalled } from "./converge_rival.ts";
import { measureProcess, type Sample } from "./converge_sample.ts";
import { ANSIBLE_COMMAND, runAnsibleCommand } from "./dispatch_ansible.ts";
import type { Progress } from "./main.ts";

const HOST = "web-1";
/** The first of each is not counted: whoever reads a program for the first time reads it from the disk. */
const ROUNDS = 30;
const STREAM_DEADLINE_MS = 60_000;

/**
 * One task on one machine with nothing simulated: `p50`, `p99` and `cpu_ms_per_op` are of the whole process
 * `vigocli task run true --target HOST`, from its start to its end, and beside it of `ansible -m command -a true` with a local
 * connection; the two take turns. The processor time is of these processes alone, without the server and the daemon.
 *
 * `request_…` is the same task asked for by a program that is there already: from the request to the event that the task is
 * over. What it lacks to the whole process is what it takes to start one.
 */
export async function measureRoundTrip(
  progress: Progress,
  skipped: string[],
): Promise<BenchRow[]> {
  progress("round trip: starting a server and an agent");
  await using folder = await TemporaryRoot.create("vigo-dispatch-");
  const hasRival = await isInstalled(ANSIBLE_COMMAND);
  const { command, debianPackage } = ANSIBLE_COMMAND;
  if (!hasRival) skipped.push(`${command}: it is not installed (Debian package ${debianPackage})`);
  const own: Sample[] = [], rival: Sample[] = [];
  const requestMs: number[] = [];
  await TestFleet.run([HOST], async (fleet) => {
    await fleet.join();
    await eventually("the agent has a stream", async () => {
      const json = { command: "true", target: HOST, dryRun: true };
      const { text } = await fleet.api("/task", { method: "POST", json });
      return taskRun.answer.parse(JSON.parse(text)).plan.offline.length === 0;
    }, STREAM_DEADLINE_MS);
    const run = programCommand(
      "vigocli",
      fleet.cliArguments("task", "run", "true", "--target", HOST),
    );
    using client = await openClient(fleet);
    for (let round = 0; round <= ROUNDS; round++) {
      progress(`round trip: ${round} of ${ROUNDS}`);
      const ms = await client.runTask();
      const { printed: _, ...sample } = await measureProcess(Deno.execPath(), run);
      const other = hasRival ? await runAnsibleCommand(folder.path) : undefined;
      if (round === 0) continue;
      requestMs.push(ms);
      own.push(sample);
      if (other) rival.push(other);
    }
  });
  return [
    ...rowsOf("vigo", own),
    ...[["request_p50", 0.5], ["request_p99", 0.99]].map(([metric, p]) => ({
      case: "round_trip",
      subject: "vigo",
      metric: String(metric),
      value: percentile(requestMs, Number(p)),
      unit: "ms",
    })),
    ...rowsOf("ansible", rival),
  ];
}

function rowsOf(subject: string, samples: readonly Sample[]): BenchRow[] {
  if (samples.length === 0) return [];
  const wallMs = samples.map((sample) => sample.wallMs);
  const cpuMs = samples.flatMap((sample) => sample.cpuMs ?? []);
  const row = (metric: string, value: number) => ({
    case: "round_trip",
    subject,
    metric,
    value,
    unit: "ms",
  });
  return [
    row("p50", percentile(wallMs, 0.5)),
    row("p99", percentile(wallMs, 0.99)),
    ...(cpuMs.length === 0 ? [] : [row("cpu_ms_per_op", percentile(cpuMs, 0.5))]),
  ];
}

/** A program that has a connection open already. */
async function openClient(fleet: TestFleet) {
  const client = Deno.createHttpClient({ caCerts: [await Deno.readTextFile(fleet.caFile)] });
  const token = await Deno.readTextFile(`${fleet.hub.root}/srv/vigo/secrets/local.token`);
  const headers = {
    authorization: `Bearer ${token.trim()}`,
    "content-type": "application/json",
  };
  const api = `${fleet.restUrl}/api/v1`;
  return {
    /** @returns how long it took until the task was over, in ms. */
    async runTask(): Promise<number> {
      const began = performance.now();
      const body = JSON.stringify({ command: "true", target: HOST });
      const asked = await fetch(`${api}/task`, { client, headers, method: "POST", body });
      const { task } = taskRun.answer.parse(await asked.json());
      if (task === null) throw new Error("the task was only planned");
      const told = await fetch(`${api}/task/${task.id}/events`, { client, headers });
      const events = (await told.text()).split("\n\n").filter((text) => text.startsWith("data: "))
        .map((text) => taskEventSchema.parse(JSON.parse(text.slice(6))));
      const tookMs = performance.now() - began;
      const last = events.at(-1);
      if (last?.kind !== "task" || last.task.status !== "complete") {
        const shown = await fetch(`${api}/task/${task.id}`, { client, headers });
        const { status } = taskShow.answer.parse(await shown.json());
        throw new Error(`the task ended as ${status}`);
      }
      return tookMs;
    },
    [Symbol.dispose]: () => client.close(),
  };
}

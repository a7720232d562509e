/** The server process of the dispatch benchmark: the real service and tasks over SQLite, and envoys enrolled in bulk. */
import "reflect-metadata";
import { join } from "node:path";
import process from "node:process";
import { AuditLog } from "../../server/audit/audit_log.ts";
import { refused } from "../../server/service/service_answer.ts";
import { runInSlices } from "../../server/steps/run_in_slices.ts";
import { openSqliteStore } from "../../server/store/open_sqlite_store.ts";
import { TaskService } from "../../server/tasks/task_service.ts";
import { taskRun } from "../../shared/rest/tasks.ts";
import { sha256 } from "../../shared/crypto/sha256.ts";
import { SimulatedFleet } from "../support/simulated_fleet.ts";
import { answerLine, readCommands } from "./bench_lines.ts";
import { traitFixtureSchema } from "./checkin_protocol.ts";
import { preciseTimeMs, serverCommandSchema, type ServerLine } from "./dispatch_protocol.ts";
import { enrolMany, numbered } from "./enrol_many.ts";

/** How often resident memory is looked at while a task runs, in ms. */
const SAMPLE_MS = 20;

const [folder = "", agents = "", callers = ""] = Deno.args;
const store = await openSqliteStore(join(folder, "bench.db"));
const server = await SimulatedFleet.start({ store });
const { index, streams, tasks: desk } = server.fleet;
const tasks = new TaskService({
  store,
  desk,
  audit: new AuditLog(store, server.authority.signer, Date.now),
  now: Date.now,
  healthCheckHosts: [],
  envoysOf: async (target) =>
    (await runInSlices(index.target(target))).map(({ record: { uuid, hostname } }) => ({
      uuid,
      hostname,
      isConnected: streams.has(uuid),
      barred: undefined,
    })),
  resolveNamed: () => Promise.resolve(refused(404, "this benchmark has no named tasks")),
});
for (const [name, count] of [["agent", agents], ["caller", callers]] as const) {
  const identities = await enrolMany(server, numbered(name, Number(count)));
  await Deno.writeTextFile(join(folder, `${name}s.json`), JSON.stringify(identities));
}
await knowTraits();
answer({ kind: "ready", address: server.address });
for await (const command of readCommands(serverCommandSchema)) {
  if (command.kind === "stop") break;
  if (command.kind === "usage") {
    // Without it the figure would say when the collector last ran, not what is held.
    globalThis.gc?.();
    answer({
      kind: "usage",
      rssBytes: Deno.memoryUsage().rss,
      streams: streams.size,
    });
  } else answer(await (command.kind === "plan" ? plan() : dispatch()));
}
await server[Symbol.asyncDispose]();
await store.close();
Deno.exit(0);

/** Every envoy has the recorded traits of a machine, as if it had checked in. */
async function knowTraits(): Promise<void> {
  const fixture = traitFixtureSchema.parse(
    JSON.parse(
      await Deno.readTextFile(new URL("../fixtures/traits/debian_12.json", import.meta.url)),
    ),
  );
  const stable = new TextEncoder().encode(JSON.stringify(fixture.stable));
  const digest = sha256(stable);
  let known = 0;
  for (const { traits } of index.states()) {
    traits.setStable(stable, digest);
    known += 1;
    // Parsed traits may be forgotten between two turns of the event loop, as they are between check-ins, and not before.
    if (known % 50 === 0) await new Promise((resume) => setTimeout(resume, 0));
  }
}

/** Plans a task without running it; for that the traits of every agent are read. */
async function plan(): Promise<ServerLine> {
  const lateness = watchLateness();
  const beganMs = performance.now();
  const target = "agent-*&os.distro=debian";
  const request = taskRun.body.parse({ command: "true", target, dryRun: true });
  const planned = await tasks.run(request, "bench");
  const ms = performance.now() - beganMs;
  const blockedMs = lateness.stop();
  if (!planned.ok || planned.value.plan.batches[0]?.length !== Number(agents)) {
    throw new Error(`${target} does not hit every agent`);
  }
  return { kind: "planned", ms, blockedMs };
}

/** Watches how late a timer of this thread is at worst, in ms. */
function watchLateness() {
  let worstMs = 0, dueMs = performance.now() + 1;
  const timer = setInterval(() => {
    worstMs = Math.max(worstMs, performance.now() - dueMs);
    dueMs = performance.now() + 1;
  }, 1);
  return {
    stop: () => {
      clearInterval(timer);
      return Math.max(worstMs, performance.now() - dueMs);
    },
  };
}

/** Runs one task with somebody who watches it, as the command line does. */
async function dispatch(): Promise<ServerLine> {
  let rssPeakBytes = 0;
  const lateness = watchLateness();
  const memory = setInterval(() => {
    rssPeakBytes = Math.max(rssPeakBytes, Deno.memoryUsage().rss);
  }, SAMPLE_MS);
  const askedAtMs = preciseTimeMs();
  const before = process.cpuUsage();
  const request = taskRun.body.parse({ command: "true", target: "agent-*" });
  const started = await tasks.run(request, "bench");
  if (!started.ok || started.value.task === null) throw new Error("the task was refused");
  const { id } = started.value.task;
  const acceptedMs = preciseTimeMs() - askedAtMs;
  const followed = await tasks.follow(id, "bench", new AbortController().signal);
  if (!followed.ok) throw new Error(followed.message);
  for await (const event of followed.value) void event;
  // Whoever follows hears of the end when it is known, which is a moment before it is written.
  while (desk.get(id)) await new Promise((resume) => setTimeout(resume, 1));
  const overMs = preciseTimeMs() - askedAtMs;
  const { user, system } = process.cpuUsage(before);
  const blockedMs = lateness.stop();
  clearInterval(memory);
  const shown = await tasks.show(id);
  if (!shown.ok) throw new Error(shown.message);
  return {
    kind: "dispatched",
    askedAtMs,
    acceptedMs,
    overMs,
    complete: shown.value.counts.complete,
    cpuMs: (user + system) / 1000,
    blockedMs,
    rssPeakBytes,
  };
}

function answer(line: ServerLine): void {
  answerLine(line);
}

declare global {
  /** Present with `--v8-flags=--expose-gc`. */
  var gc: (() => void) | undefined;
}

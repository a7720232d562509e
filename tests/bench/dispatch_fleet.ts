import type { SimulatedIdentity } from "../support/simulated_envoy.ts";
import { TemporaryRoot } from "../support/temporary_root.ts";
import { BenchPeer } from "./bench_peer.ts";
import { type BenchRow, percentile } from "./bench_report.ts";
import { Callers } from "./callers.ts";
import {
  type AgentsCommand,
  type AgentsLine,
  agentsLineSchema,
  type ServerCommand,
  type ServerLine,
  serverLineSchema,
} from "./dispatch_protocol.ts";
import type { Progress } from "./main.ts";

/** Agents of one process. */
const AGENTS_PER_PROCESS = 2_500;
/** Envoys without a task that check in meanwhile, together some 50 times a second. */
const CALLING = 5;
const ROUNDS = 3;

/** Runs `true` on so many simulated agents; the figures are described at `benchDispatch`. */
export async function measureFleet(agents: number, progress: Progress): Promise<BenchRow[]> {
  const rows: BenchRow[] = [];
  const row = (metric: string, value: number, unit: string) =>
    rows.push({ case: `agents_${agents}`, subject: "vigo", metric, value, unit });
  await using folder = await TemporaryRoot.create("vigo-dispatch-");
  await using processes = new AsyncDisposableStack();
  progress(`starting a server with ${agents} envoys`);
  const server = processes.use(
    new BenchPeer<ServerLine, ServerCommand>(
      "dispatch_server.ts",
      [folder.path, String(agents), String(CALLING)],
      (line) => serverLineSchema.parse(line),
    ),
  );
  const { address } = await server.next("ready");
  const usage = async () => {
    server.tell({ kind: "usage" });
    return await server.next("usage");
  };
  const empty = await usage();
  progress(`opening ${agents} streams`);
  const peers: BenchPeer<AgentsLine, AgentsCommand>[] = [];
  for (const file of await splitIdentities(folder)) {
    const peer = new BenchPeer<AgentsLine, AgentsCommand>(
      "dispatch_agents.ts",
      [file, address],
      (line) => agentsLineSchema.parse(line),
    );
    peers.push(processes.use(peer));
  }
  for (const peer of peers) peer.tell({ kind: "connect" });
  for (const peer of peers) await peer.next("connected");
  const callers = processes.use(await Callers.connect(await readIdentities(folder), address));
  const connected = await usage();
  if (connected.streams !== agents) {
    throw new Error(`${connected.streams} of ${agents} streams are held`);
  }
  progress(`planning for ${agents} agents by their traits`);
  server.tell({ kind: "plan" });
  const planned = await server.next("planned");
  row("plan_by_trait", planned.ms, "ms");
  row("plan_by_trait_blocked", planned.blockedMs, "ms");
  const storedMs: number[] = [], reachedMs: number[] = [], overMs: number[] = [];
  const acceptedMs: number[] = [], cpuMs: number[] = [], blockedMs: number[] = [];
  const rssPeak: number[] = [];
  callers.latenciesMs.length = 0;
  for (let round = 1; round <= ROUNDS; round++) {
    progress(`round ${round} of ${ROUNDS}: true on ${agents} agents`);
    server.tell({ kind: "dispatch" });
    const done = await server.next("dispatched");
    if (done.complete !== agents) throw new Error(`${done.complete} of ${agents} are complete`);
    for (const peer of peers) peer.tell({ kind: "collect" });
    for (const peer of peers) {
      const collected = await peer.next("collected");
      storedMs.push(...collected.storedAtMs.map((at) => at - done.askedAtMs));
      reachedMs.push(...collected.reachedAtMs.map((at) => at - done.askedAtMs));
    }
    overMs.push(done.overMs);
    acceptedMs.push(done.acceptedMs);
    cpuMs.push(done.cpuMs);
    blockedMs.push(done.blockedMs);
    rssPeak.push(done.rssPeakBytes);
  }
  const checkIns = [...callers.latenciesMs];
  const after = await usage();
  row("accepted", Math.max(...acceptedMs), "ms");
  row("reached_p50", percentile(reachedMs, 0.5), "ms");
  row("reached_max", percentile(reachedMs, 1), "ms");
  row("p50", percentile(storedMs, 0.5), "ms");
  row("p99", percentile(storedMs, 0.99), "ms");
  row("max", percentile(storedMs, 1), "ms");
  row("over_p50", percentile(overMs, 0.5), "ms");
  row("over_max", Math.max(...overMs), "ms");
  row("throughput", agents * 1000 / percentile(overMs, 0.5), "targets/s");
  row("cpu", percentile(cpuMs, 0.5) / 1000, "s");
  row("cpu_ms_per_op", percentile(cpuMs, 0.5) / agents, "ms");
  row("blocked", Math.max(...blockedMs), "ms");
  row("checkin_p50", percentile(checkIns, 0.5), "ms");
  row("checkin_p99", percentile(checkIns, 0.99), "ms");
  row("rss_connected", connected.rssBytes / 1e6, "MB");
  row("rss_peak", Math.max(...rssPeak) / 1e6, "MB");
  row("rss", after.rssBytes / 1e6, "MB");
  row("rss_per_item", (connected.rssBytes - empty.rssBytes) / agents / 1000, "kB");
  for (const peer of peers) peer.tell({ kind: "stop" });
  server.tell({ kind: "stop" });
  return rows;
}

async function splitIdentities(folder: TemporaryRoot): Promise<string[]> {
  const identities = await readIdentities(folder, "agents");
  const files: string[] = [];
  for (let from = 0; from < identities.length; from += AGENTS_PER_PROCESS) {
    const file = folder.join(`agents-${from}.json`);
    const own = identities.slice(from, from + AGENTS_PER_PROCESS);
    await Deno.writeTextFile(file, JSON.stringify(own));
    files.push(file);
  }
  return files;
}

async function readIdentities(
  folder: TemporaryRoot,
  name = "callers",
): Promise<SimulatedIdentity[]> {
  // Written a moment ago by the server process of this benchmark.
  return JSON.parse(await Deno.readTextFile(folder.join(`${name}.json`))) as SimulatedIdentity[];
}

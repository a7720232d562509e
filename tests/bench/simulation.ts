import process from "node:process";
import { Cluster, GIB, GIGABIT_BYTES_PER_MS, MIB } from "../simulation/cluster.ts";
import { type BenchReport, type BenchRow, describeMachine, percentile } from "./bench_report.ts";
import type { BenchOptions, Progress } from "./main.ts";

/** Machines that hear each other's multicast: a rack. Racks are joined by hints of the server and by exchange. */
const PEERS_PER_SEGMENT = 50;

interface SimulatedCase {
  readonly name: string;
  readonly peers: number;
  readonly sizeBytes: number;
  readonly chunkSizeBytes: number;
  /** What all machines move together in a millisecond, if they share processors. */
  readonly sharedBytesPerMs?: number;
  /** Measured only when it is named. */
  readonly isExtra?: boolean;
}

/**
 * The curve: ten times as many each time. The product cuts all of these into chunks of 1 MiB. So that this machine can follow, a
 * thousand take fewer and larger ones, and with them fewer requests under way, and ten thousand take less.
 */
const CASES: readonly SimulatedCase[] = [
  { name: "1GiB_to_10", peers: 10, sizeBytes: GIB, chunkSizeBytes: MIB },
  { name: "1GiB_to_100", peers: 100, sizeBytes: GIB, chunkSizeBytes: MIB },
  { name: "1GiB_to_1000", peers: 1_000, sizeBytes: GIB, chunkSizeBytes: 4 * MIB },
  { name: "128MiB_to_10000", peers: 10_000, sizeBytes: 128 * MIB, chunkSizeBytes: MIB },
  { name: "1GiB_to_1000_1MiB", peers: 1_000, sizeBytes: GIB, chunkSizeBytes: MIB, isExtra: true },
  // Eight agents on one machine of two processors, as the benchmark fanout runs them: who waits for what is another matter.
  {
    name: "256MiB_to_8_shared",
    peers: 8,
    sizeBytes: 256 * MIB,
    chunkSizeBytes: MIB,
    sharedBytesPerMs: 250_000,
  },
];

/**
 * How long a simulated fleet at one gigabit a second takes in its own time, also as a multiple of what one link needs for the
 * content (`…_to_bound`); what share of all bytes the origin sends; what each peer hears and is answered beside content
 * (`control_per_peer`); in how many chunks it was cut; and how long the simulation of it takes on this machine (`cpu` is what
 * its processors did for it, whatever else they had to do).
 */
export function benchSimulation(
  progress: Progress,
  { rows: wanted }: BenchOptions,
): Promise<BenchReport> {
  const rows: BenchRow[] = [];
  const isWanted = ({ name, isExtra }: SimulatedCase) =>
    wanted.length === 0 ? !isExtra : wanted.includes(name);
  for (const one of CASES.filter(isWanted)) {
    progress(`simulation: ${one.name}`);
    rows.push(...measure(one));
  }
  return Promise.resolve({
    bench: "simulation",
    machine: describeMachine(),
    rows,
    skipped: [],
  });
}

function measure(one: SimulatedCase): BenchRow[] {
  const { name, peers, sizeBytes, chunkSizeBytes, sharedBytesPerMs } = one;
  const cluster = new Cluster(name);
  if (sharedBytesPerMs !== undefined) cluster.network.share(sharedBytesPerMs);
  const segment = (index: number) => ({ segment: Math.floor(index / PEERS_PER_SEGMENT) });
  cluster.add(segment(0));
  cluster.addMany(peers, (index) => segment(index + 1));
  const startedMs = performance.now();
  const before = process.cpuUsage();
  cluster.startAll();
  cluster.hint(8);
  cluster.run(5_000);
  cluster.seedBlob("blob", sizeBytes, { chunkSizeBytes });
  const { invariants, network, time } = cluster;
  const seededMs = time.nowMs;
  const seededControlBytes = network.controlBytes;
  const doneMs: number[] = [];
  const isDone = cluster.run(3_600_000, () => {
    while (doneMs.length < invariants.completions) doneMs.push(time.nowMs - seededMs);
    return doneMs.length >= peers;
  });
  if (!isDone) throw new Error(`${doneMs.length} of ${peers} simulated peers have the blob`);
  const row = (metric: string, value: number, unit: string): BenchRow => ({
    case: name,
    subject: "vigo",
    metric,
    value,
    unit,
  });
  const boundMs = sizeBytes / GIGABIT_BYTES_PER_MS;
  const elapsedS = (performance.now() - startedMs) / 1000;
  const { user, system } = process.cpuUsage(before);
  return [
    row("p50", percentile(doneMs, 0.5) / 1000, "simulated s"),
    row("p99", percentile(doneMs, 0.99) / 1000, "simulated s"),
    row("max", Math.max(...doneMs) / 1000, "simulated s"),
    // However well they help each other, nobody is done before its own link has carried all of it.
    row("p50_to_bound", percentile(doneMs, 0.5) / boundMs, "x"),
    row("max_to_bound", Math.max(...doneMs) / boundMs, "x"),
    row("control_per_peer", (network.controlBytes - seededControlBytes) / peers / 1e3, "kB"),
    row("origin_share", invariants.shareOf(cluster.origin), "1"),
    row("chunks", Math.ceil(sizeBytes / chunkSizeBytes), "1"),
    row("elapsed", elapsedS, "s"),
    row("cpu", (user + system) / 1e6, "s"),
    row("throughput", time.happened / elapsedS, "events/s"),
  ];
}

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
}

/** The curve: ten times as many each time. The last one takes chunks so large that this machine can follow. */
const CASES: readonly SimulatedCase[] = [
  { name: "1GiB_to_10", peers: 10, sizeBytes: GIB, chunkSizeBytes: 4 * MIB },
  { name: "1GiB_to_100", peers: 100, sizeBytes: GIB, chunkSizeBytes: 4 * MIB },
  { name: "1GiB_to_1000", peers: 1_000, sizeBytes: GIB, chunkSizeBytes: 4 * MIB },
  { name: "1GiB_to_10000", peers: 10_000, sizeBytes: GIB, chunkSizeBytes: 8 * MIB },
];

/**
 * How long a simulated fleet at one gigabit a second takes in its own time, also as a multiple of what one link needs for the
 * content (`…_to_bound`); what share of all bytes the origin sends; what each peer hears and is answered beside content
 * (`control_per_peer`); and how long the simulation of it takes on this machine.
 */
export function benchSimulation(
  progress: Progress,
  { rows: wanted }: BenchOptions,
): Promise<BenchReport> {
  const rows: BenchRow[] = [];
  for (const one of CASES.filter(({ name }) => wanted.length === 0 || wanted.includes(name))) {
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

function measure({ name, peers, sizeBytes, chunkSizeBytes }: SimulatedCase): BenchRow[] {
  const cluster = new Cluster(name);
  const segment = (index: number) => ({ segment: Math.floor(index / PEERS_PER_SEGMENT) });
  cluster.add(segment(0));
  cluster.addMany(peers, (index) => segment(index + 1));
  const startedMs = performance.now();
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
  return [
    row("p50", percentile(doneMs, 0.5) / 1000, "simulated s"),
    row("p99", percentile(doneMs, 0.99) / 1000, "simulated s"),
    row("max", Math.max(...doneMs) / 1000, "simulated s"),
    // However well they help each other, nobody is done before its own link has carried all of it.
    row("p50_to_bound", percentile(doneMs, 0.5) / boundMs, "x"),
    row("max_to_bound", Math.max(...doneMs) / boundMs, "x"),
    row("control_per_peer", (network.controlBytes - seededControlBytes) / peers / 1e3, "kB"),
    row("origin_share", invariants.shareOf(cluster.origin), "1"),
    row("elapsed", elapsedS, "s"),
    row("throughput", time.happened / elapsedS, "events/s"),
  ];
}

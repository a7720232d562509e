import { TemporaryRoot } from "../support/temporary_root.ts";
import { BenchPeer } from "./bench_peer.ts";
import { type BenchReport, type BenchRow, describeMachine } from "./bench_report.ts";
import {
  type AgentsLine,
  agentsLineSchema,
  type Command,
  type ServerLine,
  serverLineSchema,
} from "./checkin_protocol.ts";
import type { Progress } from "./main.ts";

/** Streams held at each step; check-ins are measured with the last held open. */
const STREAM_STEPS = [1_000, 3_000] as const;
const MEASURED_SECONDS = 6;
const CONCURRENCY = 16;
/** A rate at which the server has time left, so that latencies say what one check-in takes. */
const PACED_PER_SECOND = 200;

/**
 * What check-ins cost the server: the real service over SQLite in one process, simulated agents with real TLS, keys and
 * streams in another. Agents send the recorded traits of a real machine, whose volatile part is another each time.
 *
 * `throughput` and `cpu_ms_per_op` are taken while the agents send as fast as they can, with both processes on this machine;
 * `p50` and `p99` of `no_change_paced` while they send a fixed number per second. `bytes_per_op` counts request and answer as
 * protobuf messages, without TLS. `rss_per_item` is what the server's resident memory grew by for each held stream, after a
 * collection; of `checked_in` for each stream and what the server then knows of its envoy, traits included.
 */
export async function benchCheckin(progress: Progress): Promise<BenchReport> {
  await using folder = await TemporaryRoot.create("vigo-checkin-");
  const rows: BenchRow[] = [];
  const row = (name: string, metric: string, value: number, unit: string) =>
    rows.push({ case: name, subject: "vigo", metric, value, unit });
  const total = Math.max(...STREAM_STEPS);
  progress(`starting a server with ${total} envoys`);
  await using server = new BenchPeer<ServerLine, Command>(
    "checkin_server.ts",
    [folder.path, String(total)],
    (line) => serverLineSchema.parse(line),
  );
  const { address } = await server.next("ready");
  await using agents = new BenchPeer<AgentsLine, Command>(
    "checkin_agents.ts",
    [folder.path, address],
    (line) => agentsLineSchema.parse(line),
  );
  const usage = async () => {
    server.tell({ kind: "usage" });
    return await server.next("usage");
  };

  const empty = await usage();
  let held = 0;
  const connect = async (streams: number) => {
    agents.tell({ kind: "connect", streams });
    const { seconds } = await agents.next("connected");
    const opened = streams - held;
    held = streams;
    return opened / seconds;
  };

  for (const streams of STREAM_STEPS) {
    progress(`opening ${streams} streams`);
    const name = `streams_${streams}`;
    const perSecond = await connect(streams);
    const now = await usage();
    if (now.streams !== streams) throw new Error(`${now.streams} of ${streams} streams are held`);
    row(name, "throughput", perSecond, "streams/s");
    row(name, "rss", now.rssBytes / 1e6, "MB");
    row(name, "rss_per_item", (now.rssBytes - empty.rssBytes) / streams / 1000, "kB");
  }
  agents.tell({ kind: "settle" });
  await agents.next("settled");
  const known = await usage();
  row(`checked_in_${total}`, "rss", known.rssBytes / 1e6, "MB");
  row(
    `checked_in_${total}`,
    "rss_per_item",
    (known.rssBytes - empty.rssBytes) / total / 1000,
    "kB",
  );
  const measure = async (name: string, perSecond?: number) => {
    progress(`measuring ${name} for ${MEASURED_SECONDS} s`);
    const before = await usage();
    agents.tell({
      kind: "measure",
      seconds: MEASURED_SECONDS,
      concurrency: CONCURRENCY,
      ...(perSecond === undefined ? {} : { perSecond }),
    });
    const result = await agents.next("measured");
    const after = await usage();
    row(name, "throughput", result.checkIns / result.seconds, "check-ins/s");
    row(name, "cpu_ms_per_op", (after.cpuMs - before.cpuMs) / result.checkIns, "ms");
    row(name, "bytes_per_op", result.messageBytes / result.checkIns, "B");
    row(name, "p50", result.p50Ms, "ms");
    row(name, "p99", result.p99Ms, "ms");
  };
  await measure("no_change");
  await measure("no_change_paced", PACED_PER_SECOND);
  agents.tell({ kind: "stop" });
  server.tell({ kind: "stop" });
  return { bench: "checkin", machine: describeMachine(), rows, skipped: [] };
}

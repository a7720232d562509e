import { type BenchRow, percentile } from "./bench_report.ts";

/** What one subject did with one case. */
export interface FanoutOutcome {
  /** Seconds from the birth of the content to the moment each receiver held all of it. */
  readonly seconds: readonly number[];
  readonly deliveredBytes: number;
  /** Of everything that ran, the origin included. */
  readonly cpuMs: number;
  /** Of each receiver. */
  readonly peakRssBytes: readonly number[];
  readonly idleRssBytes?: readonly number[];
  /** Chunks by where they came from: hostnames, and `cached`. */
  readonly sources?: Readonly<Record<string, number>>;
  readonly origin?: string;
  readonly files: number;
  readonly extra?: readonly Omit<BenchRow, "case" | "subject">[];
}

/** The figures of one subject, as rows of the report. */
export function fanoutRows(name: string, subject: string, outcome: FanoutOutcome): BenchRow[] {
  const { seconds, deliveredBytes, cpuMs, peakRssBytes, idleRssBytes, files } = outcome;
  const rows: Omit<BenchRow, "case" | "subject">[] = [
    { metric: "p50", value: percentile(seconds, 0.5), unit: "s" },
    { metric: "p90", value: percentile(seconds, 0.9), unit: "s" },
    { metric: "p99", value: percentile(seconds, 0.99), unit: "s" },
    { metric: "max", value: Math.max(...seconds), unit: "s" },
    { metric: "throughput", value: deliveredBytes / 1e6 / Math.max(...seconds), unit: "MB/s" },
    { metric: "cpu_s_per_gb", value: cpuMs / 1e3 / (deliveredBytes / 1e9), unit: "s" },
    { metric: "rss_peak", value: Math.max(...peakRssBytes) / 1e6, unit: "MB" },
    ...(idleRssBytes
      ? [{ metric: "rss_idle", value: Math.max(...idleRssBytes) / 1e6, unit: "MB" }]
      : []),
    ...(files > 1
      ? [{ metric: "files_per_s", value: files / Math.max(...seconds), unit: "1/s" }]
      : []),
    ...sourceRows(outcome),
    ...outcome.extra ?? [],
  ];
  return rows.map((row) => ({ case: name, subject, ...row }));
}

function sourceRows({ sources, origin, deliveredBytes }: FanoutOutcome) {
  if (!sources || origin === undefined) return [];
  const total = Object.values(sources).reduce((sum, count) => sum + count, 0);
  const shareOf = (count = 0) => total === 0 ? 0 : count / total;
  const originShare = shareOf(sources[origin]);
  const cachedShare = shareOf(sources["cached"]);
  const megabytes = (share: number) => share * deliveredBytes / 1e6;
  return [
    { metric: "origin_share", value: originShare, unit: "" },
    { metric: "from_origin", value: megabytes(originShare), unit: "MB" },
    { metric: "from_peers", value: megabytes(1 - originShare - cachedShare), unit: "MB" },
    { metric: "from_cache", value: megabytes(cachedShare), unit: "MB" },
  ];
}

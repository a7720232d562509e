import { cpus, totalmem } from "node:os";
import { renderTable } from "../../shared/terminal/table.ts";

/** One measured figure. Metrics that several benchmarks share keep one name: `p50 p90 p99 max throughput cpu_ms_per_op …`. */
export interface BenchRow {
  readonly case: string;
  /** What was measured: `vigo`, or a rival by its name. */
  readonly subject: string;
  readonly metric: string;
  readonly value: number;
  readonly unit: string;
}

/** What a benchmark prints; `--json` prints exactly this. */
export interface BenchReport {
  readonly bench: string;
  readonly machine: Machine;
  readonly rows: readonly BenchRow[];
  /** Rivals and cases that could not be measured here, with the reason. */
  readonly skipped: readonly string[];
}

/** Where it was measured: figures of two machines are not to be compared. */
export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryBytes: number;
  readonly os: string;
  readonly deno: string;
}

export function describeMachine(): Machine {
  const processors = cpus();
  return {
    cpu: processors[0]?.model ?? "unknown",
    cores: processors.length,
    memoryBytes: totalmem(),
    os: `${Deno.build.os} ${Deno.osRelease()} ${Deno.build.arch}`,
    deno: Deno.version.deno,
  };
}

/** The report for people: one line per figure, and beside a rival's figure how many times ours it is. */
export function renderReport(report: BenchReport): string {
  const { machine } = report;
  const table = renderTable(
    [
      { header: "case" },
      { header: "subject" },
      { header: "metric" },
      { header: "value", align: "right" },
      { header: "unit" },
      { header: "vs vigo", align: "right" },
    ],
    report.rows.map((row) => [
      row.case,
      row.subject,
      row.metric,
      formatValue(row.value),
      row.unit,
      formatRatio(row, report.rows),
    ]),
  );
  return [
    `${report.bench}: ${machine.cores} × ${machine.cpu}, ${machine.os}, Deno ${machine.deno}`,
    "",
    table,
    ...report.skipped.map((reason) => `skipped: ${reason}`),
  ].join("\n").trimEnd();
}

function formatRatio(row: BenchRow, rows: readonly BenchRow[]): string {
  if (row.subject === "vigo") return "";
  const own = rows.find((other) =>
    other.subject === "vigo" && other.case === row.case && other.metric === row.metric
  );
  return own === undefined || own.value === 0 ? "" : `${formatValue(row.value / own.value)} ×`;
}

/** Three significant digits: more would claim a precision that no run has. */
function formatValue(value: number): string {
  if (value === 0) return "0";
  return value >= 100 ? String(Math.round(value)) : String(Number(value.toPrecision(3)));
}

/** The value below which a share `p` (0 to 1) of the samples lies, by the nearest rank. */
export function percentile(samples: readonly number[], p: number): number {
  if (samples.length === 0) throw new RangeError("Cannot take a percentile of no samples");
  const sorted = [...samples].sort((a, b) => a - b);
  const value = sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(p * sorted.length) - 1))];
  if (value === undefined) throw new Error("unreachable: the rank lies inside the samples");
  return value;
}

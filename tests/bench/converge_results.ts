import { type BenchRow, percentile } from "./bench_report.ts";
import type { Applied } from "./converge_apply.ts";
import type { Sample } from "./converge_sample.ts";

type Run = "first" | "no_change";

/** Collects samples of one size by kind of run, subject and what was measured, and makes rows of them. */
export class ConvergeResults {
  readonly #size: number;
  readonly #samples = new Map<
    string,
    { run: Run; subject: string; prefix: string; samples: Sample[] }
  >();
  #peakRssBytes = 0;

  /** @param size Number of resources; a part of the names of the cases. */
  constructor(size: number) {
    this.#size = size;
  }

  /** A whole process. */
  add(run: Run, subject: string, sample: Sample): void {
    this.#push(run, subject, "", [sample]);
    if (sample.applyMs !== undefined) {
      const prefix = subject === "vigo" ? "process_apply_" : "apply_";
      this.#push(run, subject, prefix, [{ wallMs: sample.applyMs }]);
    }
  }

  /** Vigo in a process that stays. */
  addApplying({ first, noChange, peakRssBytes = 0 }: Applied): void {
    this.#push("first", "vigo", "apply_", [first]);
    this.#push("no_change", "vigo", "apply_", noChange);
    this.#peakRssBytes = Math.max(this.#peakRssBytes, peakRssBytes);
  }

  /** First runs before those without a change; within them in the order in which samples came. */
  rows(): BenchRow[] {
    const rows = [...this.#samples.values()]
      .sort((a, b) => a.run.localeCompare(b.run))
      .flatMap(({ run, subject, prefix, samples }) => {
        const wallMs = samples.map((sample) => sample.wallMs);
        const cpuMs = samples.flatMap((sample) => sample.cpuMs ?? []);
        const row = (metric: string, value: number, unit: string) =>
          this.#row(run, subject, `${prefix}${metric}`, value, unit);
        return [
          row("p50", percentile(wallMs, 0.5) / 1000, "s"),
          row("max", Math.max(...wallMs) / 1000, "s"),
          ...(cpuMs.length === 0 ? [] : [row("cpu_ms_per_op", percentile(cpuMs, 0.5), "ms")]),
        ];
      });
    if (this.#peakRssBytes === 0) return rows;
    return [
      ...rows,
      this.#row("no_change", "vigo", "apply_rss_peak", this.#peakRssBytes / 1e6, "MB"),
    ];
  }

  #row(run: Run, subject: string, metric: string, value: number, unit: string): BenchRow {
    return { case: `${run}_${this.#size}`, subject, metric, value, unit };
  }

  #push(run: Run, subject: string, prefix: string, samples: readonly Sample[]): void {
    const key = `${run} ${subject} ${prefix}`;
    const known = this.#samples.get(key) ?? { run, subject, prefix, samples: [] };
    known.samples.push(...samples);
    this.#samples.set(key, known);
  }
}

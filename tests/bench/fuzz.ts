import { type BenchReport, type BenchRow, describeMachine } from "./bench_report.ts";
import { fuzzParser } from "./fuzz/fuzz_parser.ts";
import { CASES_PER_TEST, FUZZED_PARSERS } from "./fuzz/parsers.ts";
import type { Progress } from "./main.ts";

/** How long each parser is fuzzed, unless `VIGO_FUZZ_SECONDS` says otherwise, as for a night. */
const SECONDS_PER_PARSER = 5;

/**
 * Fuzzes every parser of what comes from outside, each for the same time, and tells how many cases it went through, how many
 * were findings, and how long the slowest took. A finding is an input that a parser answered with an error that is not its
 * own; it is printed with its seed, and the parser's next inputs are not tried.
 */
export async function benchFuzz(progress: Progress): Promise<BenchReport> {
  const seconds = Number(Deno.env.get("VIGO_FUZZ_SECONDS")) || SECONDS_PER_PARSER;
  const rows: BenchRow[] = [];
  let cases = 0, findings = 0, spent = 0;
  for (const parser of FUZZED_PARSERS) {
    const result = await fuzzParser(parser, { cases: Number.MAX_SAFE_INTEGER, seconds });
    const isFinding = result.finding !== undefined;
    progress(
      `${parser.name}: ${result.cases} cases in ${result.seconds.toFixed(1)} s` +
        (isFinding ? `\n  FINDING ${result.finding}` : ""),
    );
    const row = (metric: string, value: number, unit: string) =>
      rows.push({ case: parser.name, subject: "vigo", metric, value, unit });
    row("cases", result.cases, "cases");
    row("findings", Number(isFinding), "findings");
    row("seconds", result.seconds, "s");
    row("max", result.slowestMs, "ms");
    cases += result.cases;
    findings += Number(isFinding);
    spent += result.seconds;
  }
  const total = (metric: string, value: number, unit: string) =>
    rows.push({ case: "all", subject: "vigo", metric, value, unit });
  total("parsers", FUZZED_PARSERS.length, "parsers");
  total("cases", cases, "cases");
  total("findings", findings, "findings");
  total("seconds", spent, "s");
  total("cases_per_test_run", CASES_PER_TEST * FUZZED_PARSERS.length, "cases");
  return { bench: "fuzz", machine: describeMachine(), rows, skipped: [] };
}

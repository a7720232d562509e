/** How many tests came out how. */
export interface Tally {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

export const EMPTY_TALLY: Tally = { passed: 0, failed: 0, skipped: 0 };

export function addTallies(a: Tally, b: Tally): Tally {
  return {
    passed: a.passed + b.passed,
    failed: a.failed + b.failed,
    skipped: a.skipped + b.skipped,
  };
}

/** The line that people and programs read: `12 passed, 0 failed`, with `, 3 skipped` where there are such. */
export function formatTally({ passed, failed, skipped }: Tally): string {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`;
}

/**
 * Counts the JUnit report of one `deno test`; a step counts as a test.
 *
 * A run that failed without a failed test (a module that does not load, a report that was never written) counts as one
 * failure, so that no failure is lost.
 *
 * @param report the XML, or `undefined` if there is none.
 * @param success whether the run ended with status 0.
 */
export function countReport(report: string | undefined, success: boolean): Tally {
  let tally = EMPTY_TALLY;
  for (const [suite] of (report ?? "").matchAll(/<testsuite [^>]*>/g)) {
    const number = (name: string) => Number(new RegExp(` ${name}="(\\d+)"`).exec(suite)?.[1] ?? 0);
    const failed = number("failures") + number("errors");
    const skipped = number("disabled");
    tally = addTallies(tally, {
      passed: number("tests") - failed - skipped,
      failed,
      skipped,
    });
  }
  return success || tally.failed > 0 ? tally : { ...tally, failed: 1 };
}

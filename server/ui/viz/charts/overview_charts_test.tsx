import assert from "node:assert/strict";
import type { Minute } from "../../../../shared/rest/fleet.ts";
import { OverviewCharts } from "./overview_charts.tsx";

const MINUTE_MS = 60_000;
const NOW_MS = Date.UTC(2026, 2, 13, 0, 20);

function minute(ago: number): Minute {
  return {
    minuteMs: NOW_MS - ago * MINUTE_MS,
    checkIns: 60,
    runs: 0,
    online: 1,
    converged: 1,
    degraded: 0,
    failed: 0,
    noData: 0,
    originBytes: 0,
    peerBytes: 0,
    serverBytes: 0,
  };
}

const draw = (minutes: readonly Minute[], checkInsPerSecond: number | null = null) =>
  String(OverviewCharts({ minutes, nowMs: NOW_MS, checkInsPerSecond }));

Deno.test("a time in which the server did not run is shaded, and named", () => {
  const day = Array.from({ length: 1_440 }, (_, at) => minute(1_439 - at));
  assert.doesNotMatch(draw(day), /The server did not run/);
  const text = draw(day.filter((_, at) => at < 600 || at >= 720));
  assert.equal(text.match(/The server did not run/g)?.length, 4);
  assert.match(text, /class="chart-gap" d="M40 0H48V100H40Z"/);
});

Deno.test("a server that came back just now says nothing of the present yet", () => {
  // As the figure on the same page, and not as the mean of the newest quarter of an hour.
  assert.match(draw([minute(200), minute(0)], 2.5), /2\.5 now/);
  const text = draw([minute(200)]);
  assert.doesNotMatch(text, / now<\/span>|converged<\/span>/);
});

Deno.test("hours of two days are told apart in the tables", () => {
  const text = draw([minute(30), minute(0)]);
  assert.match(text, /03-12 23:21–00:21/);
});

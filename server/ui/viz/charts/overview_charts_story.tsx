import type { Minute } from "../../../../shared/rest/fleet.ts";
import { type Story, STORY_NOW_MS } from "../../components/story.ts";
import { OverviewCharts } from "./overview_charts.tsx";

const MINUTE_MS = 60_000;

/** A day with a server that was away, a bad hour, and four filecasts. */
const DAY: readonly Minute[] = Array.from({ length: 1_440 }, (_, at) => at)
  .filter((at) => at < 500 || at > 560).map((at): Minute => {
    const isBad = at > 900 && at < 960;
    const isCasting = at % 360 < 20;
    return {
      minuteMs: STORY_NOW_MS - (1_439 - at) * MINUTE_MS,
      checkIns: 1_000 + Math.round(150 * Math.sin(at / 90)),
      runs: isBad ? 30 : at % 7 === 0 ? 2 : 0,
      online: 990,
      converged: isBad ? 700 : 960,
      degraded: 15,
      failed: isBad ? 260 : 5,
      noData: 20,
      originBytes: isCasting ? 4e8 : 0,
      peerBytes: isCasting ? 5e9 : 0,
      serverBytes: isCasting && at % 5 === 0 ? 1e8 : 0,
    };
  });

export const overviewChartsStory: Story = {
  component: "overview_charts",
  use: "The last day of the fleet on the overview.",
  cases: [
    {
      name: "a day",
      show: () => <OverviewCharts minutes={DAY} nowMs={STORY_NOW_MS} checkInsPerSecond={2.5} />,
    },
    {
      name: "a server that was started just now",
      show: () => <OverviewCharts minutes={[]} nowMs={STORY_NOW_MS} checkInsPerSecond={null} />,
    },
  ],
};

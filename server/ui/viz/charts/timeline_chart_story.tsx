import { type Story, STORY_NOW_MS } from "../../components/story.ts";
import { STORY_CAST } from "../cast_parts_story.tsx";
import { TimelineChart } from "./timeline_chart.tsx";

const CAST_MS = STORY_CAST.createdAtMs;

export const timelineChartStory: Story = {
  component: "timeline_chart",
  use: "How a filecast came from nobody to everybody.",
  cases: [
    {
      name: "on its way",
      show: () => (
        <TimelineChart
          filecast={STORY_CAST}
          completions={Array.from({ length: 8 }, (_, at) => ({
            atMs: CAST_MS + 12_000 + at * 2_500,
            complete: at + 1,
          }))}
          samples={Array.from({ length: 30 }, (_, at) => ({
            atMs: CAST_MS + 2_000 + at * 1_200,
            chunks: Math.min(3_300, at * 110),
            complete: 0,
          }))}
          nowMs={STORY_NOW_MS}
        />
      ),
    },
    {
      name: "cast just now",
      show: () => (
        <TimelineChart filecast={STORY_CAST} completions={[]} samples={[]} nowMs={STORY_NOW_MS} />
      ),
    },
  ],
};

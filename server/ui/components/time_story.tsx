import { type Story, STORY_NOW_MS } from "./story.ts";
import { Duration, Time } from "./time.tsx";

export const timeStory: Story = {
  component: "time",
  use: "Moments, seen from now and exact on hover; how long something took.",
  cases: [
    { name: "past", show: () => <Time ms={STORY_NOW_MS - 3_900_000} nowMs={STORY_NOW_MS} /> },
    { name: "to come", show: () => <Time ms={STORY_NOW_MS + 86_400_000} nowMs={STORY_NOW_MS} /> },
    { name: "never", show: () => <Time ms={null} nowMs={STORY_NOW_MS} /> },
    {
      name: "out of every calendar",
      show: () => <Time ms={1e300} nowMs={STORY_NOW_MS} none="unknown" />,
    },
    { name: "a duration", show: () => <Duration ms={83_000} /> },
  ],
};

import { Live } from "./live.tsx";
import type { Story } from "./story.ts";
import { Time } from "./time.tsx";

export const liveStory: Story = {
  component: "live",
  use: "A part of a page that refreshes itself; what the reader has open or selected stays.",
  cases: [{
    name: "the time, every two seconds",
    show: () => (
      <Live id="live-story" url={new URL("http://localhost/live")} everySeconds={2}>
        <Time ms={Date.now() - 65_000} nowMs={Date.now()} />
      </Live>
    ),
  }],
};

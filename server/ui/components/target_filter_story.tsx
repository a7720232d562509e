import type { Story } from "./story.ts";
import { TargetFilter } from "./target_filter.tsx";

export const targetFilterStory: Story = {
  component: "target_filter",
  use: "Asks for envoys in the language of target specs, and says what is wrong with one.",
  cases: [{
    name: "a mistake",
    show: () => (
      <TargetFilter
        target="web-*,,"
        problem='Cannot read target "web-*,,": empty pattern at position 7'
      />
    ),
  }],
};

import { NoEnvoys } from "./no_envoys.tsx";
import type { Story } from "./story.ts";

export const noEnvoysStory: Story = {
  component: "no_envoys",
  use: "Stands where machines would, and says how the first one gets there.",
  cases: [{ name: "an empty fleet", show: () => <NoEnvoys /> }],
};

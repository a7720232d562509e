import { Partial } from "./partial.tsx";
import type { Story } from "./story.ts";

export const partialStory: Story = {
  component: "partial",
  use: "A piece that an event brings into a page that lies open; by itself nothing is seen of it.",
  cases: [{ name: "a piece", show: () => <Partial target="somewhere">more</Partial> }],
};

import { HOSTILE, type Story } from "./story.ts";
import { Tags } from "./tags.tsx";

export const tagsStory: Story = {
  component: "tags",
  use: "The tags of an envoy.",
  cases: [
    { name: "some", show: () => <Tags tags={{ role: "web", canary: "", owner: HOSTILE }} /> },
    { name: "none", show: () => <Tags tags={{}} /> },
  ],
};

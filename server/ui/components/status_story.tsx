import { Status, STATUS_KINDS } from "./status.tsx";
import type { Story } from "./story.ts";

export const statusStory: Story = {
  component: "status",
  use: "A state in a word; its shape says as much as its colour.",
  cases: STATUS_KINDS.map((kind) => ({
    name: kind,
    show: () => <Status kind={kind}>{kind}</Status>,
  })),
};

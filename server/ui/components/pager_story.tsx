import { Pager } from "./pager.tsx";
import type { Story } from "./story.ts";

export const pagerStory: Story = {
  component: "pager",
  use: "Below a list that is read page by page.",
  cases: [
    {
      name: "all of it",
      show: () => <Pager url={new URL("http://x/pager")} nextCursor={null} shown={5} total={5} />,
    },
    {
      name: "in the middle",
      show: () => (
        <Pager url={new URL("http://x/pager?cursor=a")} nextCursor="b" shown={100} total={1000} />
      ),
    },
    {
      name: "one of several lists of a page",
      show: () => (
        <Pager url={new URL("http://x/pager?tasks=a")} nextCursor="b" shown={20} list="tasks" />
      ),
    },
  ],
};

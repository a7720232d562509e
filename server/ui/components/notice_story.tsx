import { Empty, Notice } from "./notice.tsx";
import type { Story } from "./story.ts";
import { Command } from "./text.tsx";

export const noticeStory: Story = {
  component: "notice",
  use: "A word before everything else, and what stands where a list would be.",
  cases: [
    ...(["good", "info", "warn", "bad"] as const).map((kind) => ({
      name: kind,
      show: () => <Notice kind={kind}>The chain is as it is.</Notice>,
    })),
    {
      name: "an empty list",
      show: () => (
        <Empty title="No machine is enrolled yet.">
          <p>
            <Command>vigocli enroll token create --hostname web-1</Command>
          </p>
        </Empty>
      ),
    },
  ],
};

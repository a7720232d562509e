import { Diff } from "./diff.tsx";
import { HOSTILE, type Story } from "./story.ts";

const DIFF = "--- /etc/motd\n+++ /etc/motd\n@@ -1,2 +1,2 @@\n-hello\n+good day\n the same\n";

export const diffStory: Story = {
  component: "diff",
  use: "What changed of a file or a resource.",
  cases: [
    { name: "a unified diff", show: () => <Diff text={DIFF} label="What changed" /> },
    { name: "a line that is no diff", show: () => <Diff text="run: exit 3" label="What runs" /> },
    { name: "hostile", show: () => <Diff text={`+${HOSTILE}\n-${HOSTILE}`} label="Hostile" /> },
  ],
};

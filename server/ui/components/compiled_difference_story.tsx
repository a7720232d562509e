import { type Comparison, CompiledDifference } from "./compiled_difference.tsx";
import { HOSTILE, LONG, type Story } from "./story.ts";

const COMPARED: Comparison = {
  from: "8eb83cd4ef6a7c1d9b3f5a2e6d4c8b0a",
  to: "4c1d9b3f5a2e6d4c8b0a8eb83cd4ef6a",
  unchangedHosts: 3,
  matchedHosts: 12,
  refusedHosts: 1,
  changes: [{
    hosts: ["web-1", "web-2", "web-3", "web-4", LONG, "web-6"],
    problems: [HOSTILE],
    changes: [
      { id: "file:/etc/motd", change: "changed", crate: "base", diff: "-old\n+new\n" },
      { id: `file:${LONG}`, change: "removed", crate: LONG, diff: HOSTILE },
    ],
  }],
  warnings: [HOSTILE],
  problems: [],
};

export const compiledDifferenceStory: Story = {
  component: "compiled_difference",
  use: "What a version changes, host by host.",
  cases: [
    {
      name: "two versions",
      show: () => <CompiledDifference compared={COMPARED} isStaged={false} />,
    },
    {
      name: "staged files with a mistake",
      show: () => (
        <CompiledDifference
          isStaged
          compared={{
            ...COMPARED,
            from: null,
            changes: [],
            warnings: [],
            problems: [{ file: "envoys.vgo", line: 3, column: 5, message: HOSTILE }],
          }}
        />
      ),
    },
  ],
};

import { SessionRows } from "./session_rows.tsx";
import { type Story, STORY_NOW_MS } from "./story.ts";

export const sessionRowsStory: Story = {
  component: "session_rows",
  use: "One's own sessions.",
  cases: [
    {
      name: "this one and another",
      show: () => (
        <SessionRows
          nowMs={STORY_NOW_MS}
          csrfToken="x"
          sessions={[
            {
              id: "8eb83cd4ef6a",
              createdAtMs: STORY_NOW_MS - 60_000,
              activeAtMs: STORY_NOW_MS,
              current: true,
            },
            {
              id: "4c1d9b3f5a2e",
              createdAtMs: STORY_NOW_MS - 7_200_000,
              activeAtMs: STORY_NOW_MS - 600_000,
              current: false,
            },
          ]}
        />
      ),
    },
  ],
};

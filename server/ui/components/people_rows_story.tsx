import type { User } from "../../../shared/rest/users.ts";
import { PeopleRows, PersonForm } from "./people_rows.tsx";
import { LONG, type Story, STORY_NOW_MS } from "./story.ts";

const ANN: User = {
  name: "ann",
  role: "admin",
  enabled: true,
  createdAtMs: STORY_NOW_MS - 86_400_000,
  createdBy: "local-root",
  passwordAtMs: STORY_NOW_MS - 86_400_000,
  lastLoginMs: STORY_NOW_MS - 60_000,
};

export const peopleRowsStory: Story = {
  component: "people_rows",
  use: "Who may log in, what is done to each, and the form that adds one.",
  cases: [
    {
      name: "people",
      show: () => (
        <PeopleRows
          nowMs={STORY_NOW_MS}
          csrfToken="x"
          users={[ANN, {
            ...ANN,
            name: LONG.slice(0, 64),
            createdBy: `user:${LONG.slice(0, 64)}`,
            role: "viewer",
            enabled: false,
            lastLoginMs: null,
          }]}
        />
      ),
    },
    { name: "the form", show: () => <PersonForm csrfToken="x" typed={undefined} /> },
  ],
};

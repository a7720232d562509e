import { RollbackForm } from "./rollback_form.tsx";
import type { Story } from "./story.ts";

const VERSIONS = { from: "8eb83cd4ef6a", to: "4c1d9b3f5a2e" };

export const rollbackFormStory: Story = {
  component: "rollback_form",
  use: "Makes an earlier version live again, below what that changes.",
  cases: [
    {
      name: "as usual",
      show: () => (
        <RollbackForm
          compared={{ ...VERSIONS, matchedHosts: 9, refusedHosts: 0 }}
          csrfToken="x"
          message={undefined}
        />
      ),
    },
    {
      name: "a version that compiles for nobody, typed before",
      show: () => (
        <RollbackForm
          compared={{ ...VERSIONS, matchedHosts: 9, refusedHosts: 9 }}
          csrfToken="x"
          message="<b>because</b>"
        />
      ),
    },
  ],
};

import { EnvoyAdministration } from "./envoy_administration.tsx";
import { LONG, type Story } from "./story.ts";

export const envoyAdministrationStory: Story = {
  component: "envoy_administration",
  use: "What is done to a machine, at the end of its page.",
  cases: [
    {
      name: "an administrator whose word did not fit",
      show: () => (
        <EnvoyAdministration
          envoy={{ hostname: LONG, state: "cloned?" }}
          mayAdminister
          csrfToken="x"
          revoking={{ reason: "stolen" }}
        />
      ),
    },
    {
      name: "an operator",
      show: () => (
        <EnvoyAdministration
          envoy={{ hostname: "web-1", state: "active" }}
          mayAdminister={false}
          csrfToken="x"
          revoking={undefined}
        />
      ),
    },
  ],
};

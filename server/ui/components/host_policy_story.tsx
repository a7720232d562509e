import { HostPolicy } from "./host_policy.tsx";
import { HOSTILE, type Story } from "./story.ts";

const PLACE = "configcrates/web.vgo:5:5";
const RESOURCE = {
  id: "file:/etc/motd",
  crate: "web",
  place: PLACE,
  via: [{ kind: "role", name: "web", place: PLACE }],
  params: { content: { value: HOSTILE, place: PLACE, from: "resource", overrode: [] } },
  when: null,
  deferred: [],
  dependsOn: ["directory:/etc"],
};

export const hostPolicyStory: Story = {
  component: "host_policy",
  use: "What the stacks want of a host, with where it stands.",
  cases: [
    {
      name: "resources and variables",
      show: () => (
        <HostPolicy
          trace={{
            hostname: "web-1",
            match: { pattern: "web-*", place: "envoys.vgo:2:3" },
            environment: "production",
            crates: [{ name: "web", place: PLACE, via: [] }],
            variables: [{
              name: "port",
              crate: null,
              value: { value: 8080, place: PLACE, from: "match" },
              overrode: [{ value: 80, place: "common.vgo:1:1", from: "common" }],
            }],
            resources: [RESOURCE],
            leftOut: [{
              declared: "file:/etc/x",
              crate: "web",
              place: PLACE,
              when: "is_container()",
            }],
            problems: [],
          }}
        />
      ),
    },
    {
      name: "many resources",
      show: () => (
        <HostPolicy
          trace={{
            hostname: "web-1",
            match: { pattern: "web-*", place: "envoys.vgo:2:3" },
            environment: null,
            crates: [{ name: "web", place: PLACE, via: [] }],
            variables: [],
            resources: Array.from({ length: 600 }, (_, at) => ({
              ...RESOURCE,
              id: `file:/etc/${at}`,
            })),
            leftOut: [],
            problems: [],
          }}
        />
      ),
    },
    {
      name: "matched by nothing",
      show: () => (
        <HostPolicy
          trace={{
            hostname: "x",
            match: null,
            environment: null,
            crates: [],
            variables: [],
            resources: [],
            leftOut: [],
            problems: [],
          }}
        />
      ),
    },
  ],
};

import { type ConfigStatus, LiveVersion } from "./live_version.tsx";
import { HOSTILE, LONG, type Story, STORY_NOW_MS } from "./story.ts";

const STATUS: ConfigStatus = {
  live: {
    version: "8eb83cd4ef6a7c1d9b3f5a2e6d4c8b0a",
    publishedAtMs: STORY_NOW_MS - 7_200_000,
    publishedBy: "user:ann",
    message: "nginx 1.27 on the edge",
    live: true,
    rollbackOf: null,
  },
  problem: null,
  tree: { configcrates: 12, usercrates: 1, roles: 4, entries: 9, resources: 118 },
  staged: { version: "8eb83cd4ef6a7c1d9b3f5a2e6d4c8b0a", files: 20, changed: false },
  freeze: null,
  hosts: { total: 40, upToDate: 40, pending: 0, refused: 0, unmatched: 0 },
  versions: [],
  refused: [],
};

export const liveVersionStory: Story = {
  component: "live_version",
  use: "What is live, and how far envoys have come with it.",
  cases: [
    {
      name: "all is well",
      show: () => (
        <LiveVersion status={STATUS} nowMs={STORY_NOW_MS} mayPublish={false} csrfToken="" />
      ),
    },
    {
      name: "frozen, half refused",
      show: () => (
        <LiveVersion
          nowMs={STORY_NOW_MS}
          mayPublish
          csrfToken="x"
          status={{
            ...STATUS,
            staged: { ...STATUS.staged, changed: true },
            freeze: {
              untilMs: STORY_NOW_MS + 3_600_000,
              reason: HOSTILE,
              frozenBy: LONG,
              sinceMs: STORY_NOW_MS,
            },
            hosts: { total: 40, upToDate: 20, pending: 3, refused: 17, unmatched: 2 },
            refused: [{ hostname: LONG, problem: HOSTILE }],
          }}
        />
      ),
    },
    {
      name: "nothing published",
      show: () => (
        <LiveVersion
          nowMs={STORY_NOW_MS}
          mayPublish
          csrfToken="x"
          status={{ ...STATUS, live: null, tree: null }}
        />
      ),
    },
  ],
};

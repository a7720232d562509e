import { EnvoyState, type ShownEnvoy } from "./envoy_state.tsx";
import { HOSTILE, LONG, type Story, STORY_NOW_MS } from "./story.ts";

const ENVOY: ShownEnvoy = {
  uuid: "7e32849c-c85c-4834-bbb8-0064d4ab8afb",
  hostname: "web-1",
  presence: "online",
  state: "active",
  convergence: "Converged",
  lastRun: {
    convergence: "Converged",
    serial: 7,
    finishedAtMs: STORY_NOW_MS - 40_000,
    root: "8eb83cd4ef6a",
  },
  policy: "live",
  drift: "None",
  ip: "10.0.0.7",
  agentVersion: "0.1.0",
  lastSeenMs: STORY_NOW_MS - 5_000,
  policyVersion: "8eb83cd4ef6a",
  pausedReason: null,
  pausedUntilMs: null,
  enrolledAtMs: STORY_NOW_MS - 9 * 86_400_000,
  observedHostname: null,
  intervalMs: 60_000,
  fingerprint: null,
  certificateExpiresAtMs: STORY_NOW_MS + 20 * 86_400_000,
  previousHostname: null,
  warnings: [],
};

export const envoyStateStory: Story = {
  component: "envoy_state",
  use: "How a machine is, on top of its page.",
  cases: [
    { name: "well", show: () => <EnvoyState envoy={ENVOY} nowMs={STORY_NOW_MS} /> },
    {
      name: "everything at once",
      show: () => (
        <EnvoyState
          nowMs={STORY_NOW_MS}
          envoy={{
            ...ENVOY,
            presence: "offline",
            state: "cloned?",
            convergence: "NoData",
            drift: "Diverged",
            policy: "unresolved",
            pausedReason: HOSTILE,
            pausedUntilMs: STORY_NOW_MS + 3_600_000,
            observedHostname: LONG,
            agentVersion: HOSTILE,
            warnings: [HOSTILE, LONG],
          }}
        />
      ),
    },
    {
      name: "nothing known yet",
      show: () => (
        <EnvoyState
          nowMs={STORY_NOW_MS}
          envoy={{
            ...ENVOY,
            state: "revoked",
            lastRun: null,
            lastSeenMs: null,
            ip: null,
            agentVersion: null,
            policyVersion: null,
            intervalMs: null,
            certificateExpiresAtMs: null,
          }}
        />
      ),
    },
  ],
};

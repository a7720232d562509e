import type { EnvoyDetail } from "../../../shared/rest/envoys.ts";
import { formatDuration } from "../../../shared/terminal/duration.ts";
import { Notice } from "./notice.tsx";
import { Facts } from "./panel.tsx";
import {
  CONVERGENCE_KINDS,
  CONVERGENCE_NAMES,
  DRIFT_KINDS,
  POLICY_KINDS,
  PRESENCE_KINDS,
} from "./states.ts";
import { Status } from "./status.tsx";
import { ShortId, Word } from "./text.tsx";
import { Time } from "./time.tsx";

/** What of an envoy is looked at here. */
export type ShownEnvoy = Omit<EnvoyDetail, "traits" | "tags">;

/** How a machine is, below whatever there is to say of it at once. */
export function EnvoyState({ envoy, nowMs }: { envoy: ShownEnvoy; nowMs: number }) {
  return (
    <>
      <Warnings envoy={envoy} />
      <Figures envoy={envoy} nowMs={nowMs} />
    </>
  );
}

function Warnings({ envoy: { warnings, state, pausedReason, pausedUntilMs } }: {
  envoy: ShownEnvoy;
}) {
  const until = pausedUntilMs === null
    ? ""
    : `, until ${new Date(pausedUntilMs).toISOString().slice(0, 16)} UTC`;
  return (
    <>
      {state === "cloned?" && (
        <Notice kind="bad">
          Two machines seem to use this identity. Until that is settled it gets no secrets and no
          tasks.
        </Notice>
      )}
      {state === "revoked" && (
        <div data-gone="">
          <Notice kind="bad">This identity is revoked.</Notice>
        </div>
      )}
      {pausedReason !== null && (
        <Notice kind="warn">
          It applies nothing{until}: <Word>{pausedReason}</Word>
        </Notice>
      )}
      {warnings.map((warning) => (
        <Notice kind="warn">
          <Word>{warning}</Word>
        </Notice>
      ))}
    </>
  );
}

function Figures({ envoy, nowMs }: { envoy: ShownEnvoy; nowMs: number }) {
  const { lastRun, convergence, policyVersion, intervalMs } = envoy;
  return (
    <Facts
      facts={[
        ["Presence", <Status kind={PRESENCE_KINDS[envoy.presence]}>{envoy.presence}</Status>],
        [
          "State",
          (
            <span>
              <Status kind={CONVERGENCE_KINDS[convergence]}>
                {CONVERGENCE_NAMES[convergence]}
              </Status>
              {convergence === "NoData" && lastRun && (
                <span class="quiet">, was {CONVERGENCE_NAMES[lastRun.convergence]}</span>
              )}
            </span>
          ),
        ],
        ["Drift", <Status kind={DRIFT_KINDS[envoy.drift]}>{envoy.drift.toLowerCase()}</Status>],
        ["Policy", <Status kind={POLICY_KINDS[envoy.policy]}>{envoy.policy}</Status>],
        ["Last seen", <Time ms={envoy.lastSeenMs} nowMs={nowMs} />],
        ["Last run", <Time ms={lastRun?.finishedAtMs ?? null} nowMs={nowMs} />],
        ["Checks in every", intervalMs === null ? "–" : formatDuration(intervalMs)],
        ["Address", <span class="mono">{envoy.ip ?? "–"}</span>],
        ["Agent", envoy.agentVersion === null ? "–" : <Word>{envoy.agentVersion}</Word>],
        ["Holds policy", policyVersion === null ? "–" : <ShortId id={policyVersion} />],
        ["Enrolled", <Time ms={envoy.enrolledAtMs} nowMs={nowMs} />],
        [
          "Certificate ends",
          <Time ms={envoy.certificateExpiresAtMs} nowMs={nowMs} none="unknown" />,
        ],
        ["UUID", <span class="mono">{envoy.uuid}</span>],
        ...(!envoy.observedHostname || envoy.observedHostname === envoy.hostname
          ? []
          : [["Calls itself", <Word>{envoy.observedHostname}</Word>] as const]),
      ]}
    />
  );
}

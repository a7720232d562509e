import type { EnvoySummary } from "../../shared/rest/envoys.ts";
import {
  type Attention,
  ATTENTIONS,
  type FleetStatus,
  MAX_NAMED_ENVOYS,
  type Minute,
} from "../../shared/rest/fleet.ts";

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
/** A certificate that has not renewed itself by then is not going to: it does so at two thirds of its 90 days. */
const CERTIFICATE_WARNING_MS = 14 * DAY_MS;

/** An envoy, as far as it is looked at here. */
export interface GlancedEnvoy {
  readonly summary: EnvoySummary;
  readonly certificateExpiresAtMs: number | null;
}

/**
 * Counts envoys by how they are, and says which of them need a person. An envoy counts for each reason that it gives.
 *
 * @param minutes rows of the last day, oldest first, without the one that has not ended.
 */
export function fleetAtAGlance(
  envoys: Iterable<GlancedEnvoy>,
  minutes: readonly Minute[],
  nowMs: number,
): FleetStatus {
  const counts = {
    total: 0,
    online: 0,
    converged: 0,
    degraded: 0,
    failed: 0,
    noData: 0,
    drifted: 0,
    diverged: 0,
  };
  const hostnames = new Map<Attention, string[]>();
  for (const envoy of envoys) {
    const { summary } = envoy;
    counts.total += 1;
    if (summary.presence === "online") counts.online += 1;
    counts[CONVERGENCE_KEYS[summary.convergence]] += 1;
    if (summary.drift !== "None") counts.drifted += 1;
    if (summary.drift === "Diverged") counts.diverged += 1;
    for (const reason of ATTENTIONS) {
      if (!needsAttention[reason](envoy, nowMs)) continue;
      const named = hostnames.get(reason) ?? [];
      named.push(summary.hostname);
      hostnames.set(reason, named);
    }
  }
  return {
    ...counts,
    checkInsPerSecond: checkInsPerSecond(minutes, nowMs),
    runsOfDay: minutes.reduce((sum, { runs }) => sum + runs, 0),
    attention: ATTENTIONS.flatMap((reason) => {
      const named = hostnames.get(reason);
      return named === undefined ? [] : [{
        reason,
        envoys: named.length,
        hostnames: named.sort().slice(0, MAX_NAMED_ENVOYS),
      }];
    }),
  };
}

const CONVERGENCE_KEYS = {
  Converged: "converged",
  Degraded: "degraded",
  Failed: "failed",
  NoData: "noData",
} as const;

const needsAttention: Readonly<
  Record<Attention, (envoy: GlancedEnvoy, nowMs: number) => boolean>
> = {
  cloned: ({ summary }) => summary.state === "cloned?",
  failed: ({ summary }) => summary.convergence === "Failed",
  unresolved: ({ summary }) => summary.policy === "unresolved",
  diverged: ({ summary }) => summary.drift === "Diverged",
  degraded: ({ summary }) => summary.convergence === "Degraded",
  certificate: ({ certificateExpiresAtMs }, nowMs) =>
    certificateExpiresAtMs !== null && certificateExpiresAtMs - nowMs < CERTIFICATE_WARNING_MS,
  offline: ({ summary }) => summary.presence === "offline",
  paused: ({ summary }) => summary.pausedReason !== null,
};

function checkInsPerSecond(minutes: readonly Minute[], nowMs: number): number | null {
  const last = minutes.at(-1);
  if (last === undefined || nowMs - last.minuteMs > 3 * MINUTE_MS) return null;
  return last.checkIns / (MINUTE_MS / 1000);
}

import {
  type Convergence,
  CONVERGENCES,
  type Drift,
  type EnvoySort,
  type EnvoySummary,
  type PolicyState,
} from "../../shared/rest/envoys.ts";

/** Worst first, in one digit. */
const CONVERGENCE_RANKS: Readonly<Record<Convergence, number>> = {
  Failed: 0,
  Degraded: 1,
  NoData: 2,
  Converged: CONVERGENCES.length - 1,
};
const DRIFT_RANKS: Readonly<Record<Drift, number>> = { Diverged: 0, Changed: 1, None: 2 };
const POLICY_RANKS: Readonly<Record<PolicyState, number>> = {
  unresolved: 0,
  pending: 1,
  none: 2,
  live: 3,
};
/** Digits of the last moment that a clock may tell, in ms. */
const TIME_DIGITS = 16;

/** How a list is sorted, out of the text that asks for it. */
export interface EnvoyOrder {
  readonly by: EnvoySort;
  readonly isReversed: boolean;
}

/** @param text one of `ENVOY_SORTS`, with a `-` before it for the reverse; the contract lets nothing else in. */
export function readEnvoyOrder(text: string): EnvoyOrder {
  const isReversed = text.startsWith("-");
  // As its docstring says.
  return { by: (isReversed ? text.slice(1) : text) as EnvoySort, isReversed };
}

/**
 * Where an envoy stands in a list: the list is sorted by this text, and a cursor is the text of its last row, so that a page
 * goes on in the right place although envoys come and go meanwhile.
 *
 * @param summarize is asked only where the order is by more than the name.
 */
export function placeOfEnvoy(
  by: EnvoySort,
  { hostname, uuid }: { readonly hostname: string; readonly uuid: string },
  summarize: () => EnvoySummary,
): string {
  const name = `${hostname} ${uuid}`;
  return by === "hostname" ? name : `${rankOf(by, summarize())} ${name}`;
}

function rankOf(by: Exclude<EnvoySort, "hostname">, summary: EnvoySummary): string {
  switch (by) {
    case "state":
      return String(CONVERGENCE_RANKS[summary.convergence]);
    case "drift":
      return String(DRIFT_RANKS[summary.drift]);
    case "policy":
      return String(POLICY_RANKS[summary.policy]);
    case "presence":
      return summary.presence === "offline" ? "0" : "1";
    case "seen":
      return String(Math.max(0, summary.lastSeenMs ?? 0)).padStart(TIME_DIGITS, "0");
  }
}

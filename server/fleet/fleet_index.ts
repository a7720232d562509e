import type { Convergence, EnvoyDetail, EnvoySummary } from "../../shared/rest/envoys.ts";
import type { TargetSpec } from "../../shared/targeting/target_spec.ts";
import { judgeDrift } from "./judge_status.ts";
import type { Steps } from "../steps/steps.ts";
import type { EnvoyRecord, Store } from "../store/store.ts";
import { type EnvoyOrder, placeOfEnvoy } from "./envoy_order.ts";
import { EnvoyState } from "./envoy_state.ts";

/** One page of envoys. */
export interface EnvoyPage {
  readonly envoys: EnvoySummary[];
  /** On all pages. */
  readonly total: number;
  readonly nextCursor: string | null;
}

/** Which envoys are asked for. */
export interface EnvoyFilter {
  readonly target?: TargetSpec;
  /** Include revoked ones. */
  readonly all?: boolean;
  /** By hostname without it. */
  readonly order?: EnvoyOrder;
  readonly limit: number;
  readonly cursor?: string;
}

/** How many envoys there are, and of what status. */
export type FleetCounts = Readonly<Record<Convergence | "total" | "online", number>>;

/** The fleet in memory: answers check-ins and views without the database. Rebuilt from the store at start. */
export class FleetIndex {
  readonly #envoys = new Map<string, EnvoyState>();
  readonly #activeByHostname = new Map<string, EnvoyState>();
  readonly #bySigningKey = new Map<string, EnvoyState>();
  readonly #now: () => number;
  readonly #liveVersion: () => string | undefined;

  /** @param liveVersion what is published; `undefined` before anything was. */
  constructor(now: () => number, liveVersion: () => string | undefined = () => undefined) {
    this.#now = now;
    this.#liveVersion = liveVersion;
  }

  /** Reads every envoy and what was last seen of it. */
  static async load(
    store: Store,
    now: () => number,
    liveVersion?: () => string | undefined,
  ): Promise<FleetIndex> {
    const index = new FleetIndex(now, liveVersion);
    const observations = new Map(
      (await store.envoys.listObservations()).map((observation) => [observation.uuid, observation]),
    );
    for (const record of await store.envoys.list()) {
      const observation = observations.get(record.uuid);
      const state = new EnvoyState(record, observation);
      // An earlier process may have answered it and been killed before it wrote so.
      if (observation === undefined) state.cloneWindow = { presented: 0, issued: undefined };
      const certificates = await store.certificates.listByEnvoy(record.uuid);
      if (certificates.length > 0) {
        state.certificateNotAfterMs = Math.max(...certificates.map(({ notAfterMs }) => notAfterMs));
      }
      index.#insert(state);
    }
    return index;
  }

  get(uuid: string): EnvoyState | undefined {
    return this.#envoys.get(uuid);
  }

  /** The active envoy with this hostname, in any case. */
  getActive(hostname: string): EnvoyState | undefined {
    return this.#activeByHostname.get(hostname.toLowerCase());
  }

  /** Whoever has this ed25519 key (hex), the active one before a revoked one. */
  getBySigningKey(signingKey: string): EnvoyState | undefined {
    return this.#bySigningKey.get(signingKey);
  }

  /** Every envoy, in no order; revoked ones only if asked for, removed ones never. */
  *states({ all = false } = {}): Generator<EnvoyState> {
    for (const state of this.#envoys.values()) {
      const { state: lifecycle, removedAtMs } = state.record;
      if (lifecycle === "active" || (all && removedAtMs === null)) yield state;
    }
  }

  /** Active envoys by what is true of them now. */
  count(): FleetCounts {
    const counts = { total: 0, online: 0, Converged: 0, Degraded: 0, Failed: 0, NoData: 0 };
    const nowMs = this.#now(), liveVersion = this.#liveVersion();
    for (const state of this.states()) {
      counts.total += 1;
      if (state.isOnline(nowMs)) counts.online += 1;
      counts[state.status(liveVersion, nowMs)] += 1;
    }
    return counts;
  }

  /** Takes in a record that the store has just accepted: a new envoy, or a change of a known one. */
  put(record: EnvoyRecord): EnvoyState {
    const known = this.#envoys.get(record.uuid);
    const state = known ?? new EnvoyState(record);
    const before = known?.record.hostname.toLowerCase() ?? "";
    if (known && this.#activeByHostname.get(before) === known) {
      this.#activeByHostname.delete(before);
    }
    state.record = record;
    this.#insert(state);
    return state;
  }

  /** Envoys in the order that is asked for, then by hostname and UUID; the cursor is the last row's place. */
  list({ target, all = false, order, limit, cursor }: EnvoyFilter): EnvoyPage {
    const { by, isReversed } = order ?? { by: "hostname", isReversed: false };
    const matched = [...this.states({ all })]
      .filter((state) => target === undefined || matches(target, state))
      .map((state) => ({
        state,
        place: placeOfEnvoy(by, state.record, () => this.summarize(state)),
      }));
    const isBehind = (one: string, other: string) => isReversed ? one < other : one > other;
    const rows = matched
      .filter(({ place }) => cursor === undefined || isBehind(place, cursor))
      .sort((a, b) => isBehind(a.place, b.place) ? 1 : -1);
    const page = rows.slice(0, limit);
    const last = page.at(-1);
    return {
      envoys: page.map(({ state }) => this.summarize(state)),
      total: matched.length,
      nextCursor: rows.length > page.length && last ? last.place : null,
    };
  }

  /**
   * Active envoys that a target spec hits, by hostname. A step is one envoy: a spec that asks for traits may read those of the
   * whole fleet.
   */
  *target(target: TargetSpec): Steps<EnvoyState[]> {
    const hit: EnvoyState[] = [];
    for (const state of this.states()) {
      if (matches(target, state)) hit.push(state);
      yield;
    }
    return hit.sort((a, b) => a.record.hostname < b.record.hostname ? -1 : 1);
  }

  /** One envoy by hostname or UUID; a revoked one by its UUID alone. */
  find(host: string): EnvoyState | undefined {
    const found = this.getActive(host) ?? this.#envoys.get(host.toLowerCase());
    return found?.record.removedAtMs === null ? found : undefined;
  }

  /** The revoked envoys of a hostname, which may be several: a name is free again with each. */
  findRevoked(hostname: string): EnvoyState[] {
    const wanted = hostname.toLowerCase();
    return [...this.states({ all: true })].filter(({ record }) =>
      record.state === "revoked" && record.hostname === wanted
    );
  }

  summarize(state: EnvoyState): EnvoySummary {
    const { record, reported, lastRun } = state;
    const nowMs = this.#now(), liveVersion = this.#liveVersion();
    return {
      uuid: record.uuid,
      hostname: record.hostname,
      presence: state.isOnline(nowMs) ? "online" : "offline",
      state: record.state === "revoked" ? "revoked" : record.suspectedClone ? "cloned?" : "active",
      convergence: state.status(liveVersion, nowMs),
      lastRun: lastRun.convergence === "NoData" ? null : {
        convergence: lastRun.convergence,
        serial: lastRun.runSerial,
        finishedAtMs: lastRun.runFinishedAtMs,
        root: lastRun.runRoot,
      },
      policy: state.policyState(liveVersion),
      drift: judgeDrift(lastRun.changeStreak),
      ip: reported?.lanAddress || null,
      agentVersion: reported?.agentVersion ?? null,
      lastSeenMs: reported?.lastSeenMs ?? null,
      policyVersion: reported?.policyVersion || null,
      pausedReason: reported?.pausedReason || null,
      pausedUntilMs: (reported?.pausedReason && reported.pausedUntilMs) || null,
    };
  }

  detail(state: EnvoyState): EnvoyDetail {
    const { record, reported } = state;
    return {
      ...this.summarize(state),
      enrolledAtMs: record.enrolledAtMs,
      observedHostname: reported?.observedHostname ?? null,
      intervalMs: reported?.intervalMs ?? null,
      fingerprint: reported?.fingerprint || null,
      certificateExpiresAtMs: state.certificateNotAfterMs ?? null,
      previousHostname: record.previousHostname,
      tags: { ...record.tags },
      // Traits came through JSON.parse, so they are JSON; the contract's type has no readonly.
      traits: state.traits.merged() as EnvoyDetail["traits"],
      warnings: state.warnings(),
    };
  }

  #insert(state: EnvoyState): void {
    const { uuid, hostname, signingKey, state: lifecycle } = state.record;
    this.#envoys.set(uuid, state);
    if (lifecycle === "active") this.#activeByHostname.set(hostname.toLowerCase(), state);
    const holder = this.#bySigningKey.get(signingKey);
    if (lifecycle === "active" || holder === undefined) this.#bySigningKey.set(signingKey, state);
  }
}

function matches(target: TargetSpec, state: EnvoyState): boolean {
  return target.matches(state.subject);
}

import type { TraitRead } from "../resolve/trait_reads.ts";
import { loadVerifier, type Verifier } from "../../shared/crypto/ed25519.ts";
import type { Convergence, PolicyState } from "../../shared/rest/envoys.ts";
import type { TargetSubject } from "../../shared/targeting/target_subject.ts";
import { judgePolicy, judgeStatus } from "./judge_status.ts";
import { type LastRun, NO_RUN } from "./last_run.ts";
import type { EnvoyObservation, EnvoyRecord } from "../store/store.ts";
import { type CloneWindow, NEW_CLONE_WINDOW } from "./clone_tokens.ts";
import type { SentPolicy } from "./delta_rule.ts";
import { EnvoyTraits } from "./envoy_traits.ts";
import { LeakyBudget } from "../service/leaky_budget.ts";
import { NonceCache } from "./nonce_cache.ts";

/** What an envoy reports of itself at every check-in; the mutable part of an {@linkcode EnvoyObservation}. */
export type Reported = {
  -readonly [
    Key in Exclude<
      keyof EnvoyObservation,
      "uuid" | "stableTraits" | "volatileTraits" | "cloneCounter"
    >
  ]: EnvoyObservation[Key];
};

/** A policy that was resolved for an envoy, with what decides whether it still holds. */
export interface KnownPolicy extends SentPolicy {
  readonly reads: readonly TraitRead[];
  /** What `reads` look into: a change of any other collector cannot matter. `undefined` means all. */
  readonly collectors: ReadonlySet<string> | undefined;
  /** Paths of the secrets that the policy which the envoy holds names; undefined if that policy is not known here. */
  readonly secrets: ReadonlySet<string> | undefined;
}

const DAY_MS = 86_400_000;
/** At once some dozen policies of the largest kind, in the long run a fiftieth of the time. */
const RESOLVE_MS = { atOnce: 5_000, perMs: 0.02 };
/** At once what an agent keeps while it is without a server, in the long run the size of a large policy's diffs a day. */
const REPORT_BYTES = { atOnce: 64 * 1024 * 1024, perMs: 16 * 1024 * 1024 / DAY_MS };
/** At once two days of a run a minute, which agents keep one of; in the long run twice that pace. */
const REPORT_RUNS = { atOnce: 2 * 1_440, perMs: 2 * 1_440 / DAY_MS };

/** Everything the server holds in memory about one envoy. */
export class EnvoyState {
  record: EnvoyRecord;
  readonly verifier: Verifier;
  readonly traits: EnvoyTraits;
  readonly nonces = new NonceCache();
  cloneWindow: CloneWindow;
  policy: KnownPolicy | undefined;
  /** `undefined` until the first check-in. */
  reported: Reported | undefined;
  /** Revision of the peer hints that it last got. */
  hintRevision = 0;
  /**
   * Whether this process knows the content of the fleet document that the envoy holds. Until then it is sent no other one
   * down its stream: it may be the last to hold what a restored server has forgotten.
   */
  hasKnownFleetDocument = false;
  /** What is left of the server's time, in ms, to resolve its policy anew. */
  readonly resolveBudget = new LeakyBudget(RESOLVE_MS);
  /** What is left of the room for its run reports, in bytes, and of their number. */
  readonly reportBytes = new LeakyBudget(REPORT_BYTES);
  readonly reportRuns = new LeakyBudget(REPORT_RUNS);
  /** Whether its policy waits to be resolved anew until there is time for it again. */
  isOverBudget = false;
  /** Why no policy could be resolved for it; `undefined` while one can. */
  policyProblem: string | undefined;
  /** When its newest certificate ends, as far as known. */
  certificateNotAfterMs: number | undefined;

  constructor(record: EnvoyRecord, observation?: EnvoyObservation) {
    this.record = record;
    this.verifier = loadVerifier(Uint8Array.fromHex(record.signingKey));
    this.traits = new EnvoyTraits(
      observation?.stableTraits ?? "",
      observation?.volatileTraits ?? "",
    );
    if (observation === undefined) this.cloneWindow = NEW_CLONE_WINDOW;
    else {
      const { uuid: _, stableTraits: _s, volatileTraits: _v, cloneCounter, ...reported } =
        observation;
      this.cloneWindow = { presented: cloneCounter, issued: undefined };
      this.reported = reported;
    }
  }

  /** As target specs see it. Traits are read when they are asked for: most specs ask for a name. */
  get subject(): TargetSubject {
    const { hostname, uuid, tags } = this.record;
    const { traits } = this;
    let merged: TargetSubject["traits"];
    return {
      hostname,
      uuid,
      tags,
      get traits() {
        return merged ??= traits.merged();
      },
    };
  }

  /** What is known of its last run. */
  get lastRun(): LastRun {
    return this.reported ?? NO_RUN;
  }

  /** Whether its last run was of what is wanted of it now. */
  policyState(liveVersion: string | undefined): PolicyState {
    const { policy, reported, record } = this;
    return judgePolicy({
      liveVersion,
      resolved: policy && {
        policyVersion: policy.inputs.policyVersion,
        tagRevision: policy.inputs.tagRevision,
        root: policy.root,
      },
      isUnresolved: this.policyProblem !== undefined,
      heldVersion: reported?.policyVersion ?? "",
      heldRoot: reported?.fingerprint ?? "",
      tagRevision: record.tagRevision,
      appliedRoot: reported?.runRoot ?? "",
    });
  }

  /** What is true of it now; see {@linkcode judgeStatus}. */
  status(liveVersion: string | undefined, nowMs: number): Convergence {
    return judgeStatus({
      lastRun: this.lastRun.convergence,
      isOnline: this.isOnline(nowMs),
      policy: this.policyState(liveVersion),
    });
  }

  /** What is written to the store; `undefined` before the first check-in. The clone counter is the one last presented. */
  observation(): EnvoyObservation | undefined {
    if (this.reported === undefined) return undefined;
    return {
      ...this.reported,
      uuid: this.record.uuid,
      stableTraits: this.traits.stableText,
      volatileTraits: this.traits.volatileText,
      cloneCounter: this.cloneWindow.presented,
    };
  }

  /** What people should know about it. */
  warnings(): string[] {
    const warnings: string[] = [];
    const { hostname, suspectedClone } = this.record;
    const observed = this.reported?.observedHostname ?? "";
    if (observed !== "" && observed.toLowerCase() !== hostname) {
      warnings.push(`calls itself "${observed}" but is enrolled as "${hostname}"`);
    }
    if (this.record.previousHostname !== null) {
      warnings.push(
        `renamed; its certificate still names "${this.record.previousHostname}", until it checks in and renews it`,
      );
    }
    if (suspectedClone) {
      warnings.push(
        `two machines seem to use this identity: enrol one of them again, or run vigocli envoys accept ${hostname}`,
      );
    }
    if (this.isOverBudget) {
      warnings.push(
        "its traits change faster than its policy may be resolved: it keeps the one it has for now; look at what it reports",
      );
    }
    if (this.policyProblem !== undefined) warnings.push(this.policyProblem);
    return warnings;
  }

  /** Whether it was heard within 2.5 × its own observed interval. */
  isOnline(nowMs: number): boolean {
    if (this.reported === undefined || this.record.state !== "active") return false;
    return nowMs - this.reported.lastSeenMs <= STALE_FACTOR * this.reported.intervalMs;
  }
}

const STALE_FACTOR = 2.5;

import type { PolicyBundle } from "../../shared/config/policy_bundle.ts";
import type { Signer } from "../../shared/crypto/ed25519.ts";
import { sealDocument, type SignedBytes } from "../../shared/canonical/signed_document.ts";
import type { Logger } from "../../shared/platform/logging.ts";
import { digestOfReads } from "../resolve/trait_reads.ts";
import { runInSlices } from "../steps/run_in_slices.ts";
import type { Steps } from "../steps/steps.ts";
import { judgeDelta, needsBundle, type PolicyInputs } from "../fleet/delta_rule.ts";
import type { EnvoyState } from "../fleet/envoy_state.ts";
import type { StoredBundle } from "../store/store.ts";
import { collectorsOf, type PolicyResolver } from "../fleet/policy_resolver.ts";
import { secretSetOf } from "../fleet/policy_secrets.ts";

export interface PolicyDeskOptions {
  readonly resolver: PolicyResolver;
  readonly signer: Signer;
  readonly now: () => number;
  readonly logger: Logger;
  /** Of a clock that never steps, in ms; this process's if absent. */
  readonly elapsedMs?: () => number;
  /** Rises when a secret is rotated. */
  readonly secretEpoch: () => number;
  /** Told of each policy that was resolved, whether it has to travel or not. */
  readonly onResolved?: (bundle: StoredBundle) => void;
}

/** What one check-in says about the policy it holds. */
export interface HeldPolicy {
  readonly isForced: boolean;
  /** Hex; empty before the first bundle. */
  readonly fingerprint: string;
  readonly bundleSerial: number;
  /** Collectors whose traits changed with this check-in; `undefined` means that any may have. */
  readonly touched: readonly string[] | undefined;
}

/** What to answer: a signed bundle under `serial`, or that nothing changed. */
export type PolicyAnswer =
  | { readonly bundle: SignedBytes; readonly serial: number }
  | "no_change";

/** Decides for each check-in whether its envoy needs another bundle, and makes it. */
export class PolicyDesk {
  readonly #options: PolicyDeskOptions;
  readonly #busy = new WeakMap<EnvoyState, Promise<void>>();

  constructor(options: PolicyDeskOptions) {
    this.#options = options;
  }

  /**
   * What to answer a check-in. Policies are worked out in slices of time, so that others are answered meanwhile; for one envoy one
   * at a time, since each counts against what it may take of the server.
   */
  async answer(state: EnvoyState, held: HeldPolicy): Promise<PolicyAnswer> {
    for (let busy = this.#busy.get(state); busy; busy = this.#busy.get(state)) await busy;
    const needed = this.#judge(state, held);
    if (needed === "no_change") return needed;
    const { promise, resolve: end } = Promise.withResolvers<void>();
    this.#busy.set(state, promise);
    try {
      return await this.#resolve(state, held, needed);
    } finally {
      this.#busy.delete(state);
      end();
    }
  }

  /** What a policy has to be worked out from anew, if it has to. */
  #judge(state: EnvoyState, held: HeldPolicy): PolicyInputs | "no_change" {
    const { resolver } = this.#options;
    const policyVersion = resolver.version();
    if (policyVersion === undefined) return "no_change";
    const sent = state.policy;
    const current: PolicyInputs = {
      policyVersion,
      tagRevision: state.record.tagRevision,
      secretEpoch: this.#epochFor(sent),
      readsDigest: sent ? this.#digestNow(state, held) : "",
    };
    const { isForced, fingerprint } = held;
    if (judgeDelta({ isForced, fingerprint, sent, current }) === "no_change") {
      state.isOverBudget = false;
      return "no_change";
    }
    const { resolveBudget } = state;
    const { elapsedMs = () => performance.now() } = this.#options;
    // What is published is resolved for everybody; an envoy alone makes for all other reasons.
    const isPublished = sent?.inputs.policyVersion !== policyVersion;
    const wasOverBudget = state.isOverBudget;
    state.isOverBudget = !isPublished && !resolveBudget.hasLeft(elapsedMs());
    if (state.isOverBudget) {
      if (!wasOverBudget) this.#warnOfBudget(state);
      return "no_change";
    }
    return current;
  }

  #warnOfBudget({ record: { hostname } }: EnvoyState): void {
    this.#options.logger.warn(
      "{hostname} lets its policy be resolved too often; it keeps the one it has for now",
      { hostname },
    );
  }

  get secretEpoch(): number {
    return this.#options.secretEpoch();
  }

  /** Whether a policy names secrets that changed since the envoy asked for them. */
  hasStaleSecrets({ policy }: EnvoyState, heldEpoch: number): boolean {
    return (policy?.secrets?.size ?? 0) > 0 && heldEpoch !== this.#options.secretEpoch();
  }

  /** Of no concern to a policy without secrets, which then is not resolved again. */
  #epochFor(sent: EnvoyState["policy"]): number {
    return sent?.secrets?.size === 0 ? sent.inputs.secretEpoch : this.#options.secretEpoch();
  }

  /** Skips the digest when nothing that was read can have changed: most check-ins change only the load. */
  #digestNow(state: EnvoyState, { touched }: HeldPolicy): string {
    const { policy } = state;
    if (!policy) return "";
    const { collectors } = policy;
    const isKnown = touched && collectors && !state.isOverBudget;
    if (isKnown && !touched.some((name) => collectors.has(name))) {
      return policy.inputs.readsDigest;
    }
    return digestOfReads(policy.reads, state.traits.merged());
  }

  async #resolve(
    state: EnvoyState,
    held: HeldPolicy,
    current: PolicyInputs,
  ): Promise<PolicyAnswer> {
    const { resolver, signer, now, logger } = this.#options;
    const { uuid, hostname } = state.record;
    const traits = state.traits.merged();
    const resolved = await runInSlices(
      this.#spend(state, resolver.resolve({ uuid, hostname, traits })),
    );
    if (!resolved) return "no_change";
    const inputs: PolicyInputs = {
      ...current,
      policyVersion: resolved.policyVersion,
      readsDigest: digestOfReads(resolved.reads, traits),
    };
    const known = { inputs, reads: resolved.reads, collectors: collectorsOf(resolved.reads) };
    if (!resolved.ok) {
      // The envoy keeps what it has, and nothing is resolved again until an input changes.
      const { policy: before } = state;
      const secrets = before?.root === held.fingerprint ? before.secrets : undefined;
      state.policy = { ...known, root: held.fingerprint, secrets };
      state.policyProblem =
        `policy ${resolved.policyVersion} cannot be resolved: ${resolved.reason}`;
      logger.warn("Cannot resolve the policy of {hostname}: {reason}", {
        hostname,
        reason: resolved.reason,
      });
      return "no_change";
    }
    const secrets = secretSetOf(resolved.resources);
    state.policy = { ...known, root: resolved.root, secrets };
    state.policyProblem = undefined;
    const { root, policyVersion, resources } = resolved;
    this.#options.onResolved?.({ root, policyVersion, resources });
    if (!needsBundle(held, resolved.root)) return "no_change";
    const issuedAtMs = now();
    const bundle: PolicyBundle = {
      schema: 1,
      envoyUuid: uuid,
      serial: Math.max(
        (state.reported?.bundleSerial ?? 0) + 1,
        held.bundleSerial + 1,
        issuedAtMs,
      ),
      policyVersion: resolved.policyVersion,
      root: resolved.root,
      issuedAtMs,
      resources: [...resolved.resources],
    };
    if (state.reported) state.reported.bundleSerial = bundle.serial;
    return { bundle: sealDocument("policyBundle", bundle, signer), serial: bundle.serial };
  }

  /** The same steps, each of which counts against what an envoy may take of the server's time. */
  *#spend<Result>({ resolveBudget }: EnvoyState, steps: Steps<Result>): Steps<Result> {
    const { elapsedMs = () => performance.now() } = this.#options;
    for (;;) {
      const beganMs = elapsedMs();
      let step: IteratorResult<undefined, Result>;
      try {
        step = steps.next();
      } finally {
        resolveBudget.spend(elapsedMs() - beganMs);
      }
      if (step.done) return step.value;
      yield;
    }
  }
}

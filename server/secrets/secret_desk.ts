import { Buffer } from "node:buffer";
import { secretPath } from "../../shared/config/policy_bundle.ts";
import type { Logger } from "../../shared/platform/logging.ts";
import {
  Refusal_Reason,
  type ResolveSecretsRequest,
  type ResolveSecretsResponse,
  type SecretValue,
} from "../../shared/proto/agent.ts";
import type { EnvoyState } from "../fleet/envoy_state.ts";
import type { PolicySecrets } from "../fleet/policy_secrets.ts";
import { malformed, type RequestRefusal } from "../fleet/refusals.ts";
import { CallBudget } from "./call_budget.ts";
import type { DenialLog } from "./denial_log.ts";
import { SecretError } from "./secret_backend.ts";
import type { SecretVault } from "./secret_vault.ts";

/** Secrets in one answer; of the largest they are 3.2 MB. */
export const MAX_PATHS_PER_CALL = 50;
/** Calls of one envoy: enough for a thousand secrets at once, and a call every two seconds from then on. */
const CALLS = { burst: 40, refillMs: 2_000 };

export interface SecretDeskOptions {
  readonly vault: Pick<SecretVault, "epoch" | "read">;
  /** What an envoy's policy names. */
  readonly secretsOf: (state: EnvoyState) => Promise<PolicySecrets>;
  readonly denials: Pick<DenialLog, "note">;
  readonly now: () => number;
  readonly logger: Logger;
}

export type SecretsAnswer =
  | { readonly ok: true; readonly response: ResolveSecretsResponse }
  | { readonly ok: false; readonly refusal: RequestRefusal };

/**
 * Hands out secrets to envoys whose request was verified: to each those that its own policy names, and no other. Answers are
 * counted and not audited, since every machine resolves after each change; what is turned down is audited.
 */
export class SecretDesk {
  /** Secrets by what came of asking for them, for the metrics. */
  readonly counts = { resolved: 0, missing: 0, unreadable: 0, denied: 0 };
  readonly #options: SecretDeskOptions;
  readonly #budgets = new WeakMap<EnvoyState, CallBudget>();

  constructor(options: SecretDeskOptions) {
    this.#options = options;
  }

  async handle(state: EnvoyState, { paths }: ResolveSecretsRequest): Promise<SecretsAnswer> {
    const { vault } = this.#options;
    if (!this.#take(state)) {
      return refuse(Refusal_Reason.UNSPECIFIED, "too many requests for secrets: wait");
    }
    const fault = judgePaths(paths);
    if (fault !== undefined) return { ok: false, refusal: malformed(fault) };
    const denial = await this.#judge(state, paths);
    if (denial) return { ok: false, refusal: denial };
    // Before the values: one that changes meanwhile is then asked for again.
    const epoch = vault.epoch;
    const secrets: SecretValue[] = [];
    for (const path of paths) {
      const found = await this.#read(path, state);
      if (found) secrets.push(found);
    }
    // It may have been revoked, or met by its clone, while files were read.
    const { uuid, state: standing, suspectedClone } = state.record;
    if (standing !== "active") return refuse(Refusal_Reason.REVOKED, `envoy ${uuid} is revoked`);
    if (suspectedClone) return refuse(Refusal_Reason.DENIED, CLONED);
    return { ok: true, response: { secrets, epoch } };
  }

  async #judge(
    state: EnvoyState,
    paths: readonly string[],
  ): Promise<RequestRefusal | undefined> {
    const { secretsOf, denials } = this.#options;
    const { uuid, hostname, suspectedClone } = state.record;
    if (suspectedClone) {
      this.counts.denied += paths.length;
      await denials.note({ uuid, hostname, reason: "suspected clone", paths });
      return { reason: Refusal_Reason.DENIED, message: CLONED };
    }
    const { current, sent } = await secretsOf(state);
    if (!current) {
      const message = "the policy of this envoy cannot be worked out: check in first";
      return { reason: Refusal_Reason.UNSPECIFIED, message };
    }
    const foreign = paths.filter((path) => !current.has(path));
    if (foreign.length === 0) return undefined;
    // A policy that is published between a check-in and this is nobody's fault.
    if (foreign.every((path) => sent?.has(path))) {
      const message = "the policy of this envoy has changed: check in first";
      return { reason: Refusal_Reason.UNSPECIFIED, message };
    }
    this.counts.denied += foreign.length;
    await denials.note({ uuid, hostname, reason: "not in its policy", paths: foreign });
    return {
      reason: Refusal_Reason.DENIED,
      message: `the policy of ${hostname} names no secret ${JSON.stringify(foreign[0])}`,
    };
  }

  async #read(path: string, { record }: EnvoyState): Promise<SecretValue | undefined> {
    const { vault, logger } = this.#options;
    try {
      const secret = await vault.read(path);
      this.counts[secret ? "resolved" : "missing"] += 1;
      if (!secret) return { path, value: Buffer.alloc(0), missing: true };
      return { path, value: Buffer.from(secret.reveal()), missing: false };
    } catch (error) {
      if (!(error instanceof SecretError)) throw error;
      this.counts.unreadable += 1;
      logger.error("Cannot hand out a secret to {hostname}: {reason}", {
        hostname: record.hostname,
        reason: error.message,
      });
      return undefined;
    }
  }

  #take(state: EnvoyState): boolean {
    const nowMs = this.#options.now();
    let budget = this.#budgets.get(state);
    if (!budget) this.#budgets.set(state, budget = new CallBudget(CALLS, nowMs));
    return budget.take(nowMs);
  }
}

const CLONED =
  "two machines seem to use this identity, and neither gets secrets until somebody accepts one";

function judgePaths(paths: readonly string[]): string | undefined {
  if (paths.length === 0 || paths.length > MAX_PATHS_PER_CALL) {
    return `${paths.length} paths: a request names 1 to ${MAX_PATHS_PER_CALL}`;
  }
  if (new Set(paths).size < paths.length) return "a path is named twice";
  const wrong = paths.find((path) => !secretPath.safeParse(path).success);
  return wrong === undefined ? undefined : `${JSON.stringify(wrong.slice(0, 80))} is no path`;
}

function refuse(reason: Refusal_Reason, message: string): SecretsAnswer {
  return { ok: false, refusal: { reason, message } };
}

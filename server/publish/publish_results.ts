import type { Sha256 } from "../../shared/crypto/sha256.ts";
import type { ConfigProblem } from "../../shared/rest/config.ts";
import type { FleetChanges } from "./host_changes.ts";
import type { HostProblem } from "./host_problems.ts";
import type { LivePolicy } from "./policy_source.ts";
import type { Refusal } from "./refusal.ts";

export interface Validation {
  readonly valid: boolean;
  /** The version that publishing would make. */
  readonly version: Sha256 | null;
  readonly problems: readonly ConfigProblem[];
  readonly files: number;
  /** Known hosts that some entry matches. */
  readonly hosts: number;
  /** What keeps single hosts from the version, each once; it may be published all the same. */
  readonly hostProblems: readonly HostProblem[];
  /** What does not stop a publish, and should be known before it. */
  readonly warnings: readonly string[];
}

/** What a version would change against the live one. */
export interface Comparison extends Omit<FleetChanges, "secrets" | "unheardTraits"> {
  readonly from: Sha256 | null;
  readonly to: Sha256;
  /** What does not stop a publish, and should be known before it. */
  readonly warnings: readonly string[];
}

export type DiffResult = ({ readonly ok: true } & Comparison) | Refusal;

export type PublishResult =
  | ({
    readonly ok: true;
    /** False if the stacks are what is live already. */
    readonly published: boolean;
    readonly version: Sha256;
  } & Comparison)
  | Refusal;

/** Who publishes, and what. */
export interface PublishOrder {
  readonly principal: string;
  readonly message: string;
  /** What was looked at before: if it is not what would be published now, nothing is. */
  readonly reviewed?: Reviewed | undefined;
  /** Go live although no host that an entry matches can have the version. */
  readonly allowRefused?: boolean | undefined;
}

/** The two versions that somebody compared. */
export interface Reviewed {
  readonly from: string | null;
  readonly to: string;
}

export type ReloadResult = { readonly ok: true; readonly live: LivePolicy | undefined } | Refusal;

/** Nothing was published, since the log took no record of it. */
export class UnrecordedPublishError extends Error {
  override readonly name = "UnrecordedPublishError";
}

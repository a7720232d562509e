import type { Sha256 } from "../../shared/crypto/sha256.ts";
import type { CompiledHost, HostFacts } from "../resolve/compile_host.ts";
import type { StackTree } from "../stacks/stack_tree.ts";
import type { Steps } from "../steps/steps.ts";

/** The policy in force. */
export interface LivePolicy {
  /** The published version, as the history names it. */
  readonly version: Sha256;
  /** What bundles name: `version`, unless the compiler has changed since it was published. */
  readonly policyVersion: Sha256;
  readonly tree: StackTree;
  /** Compiles a host; results are remembered by what they read. */
  compileInSteps(host: HostFacts): Steps<CompiledHost>;
}

/** Where check-ins take the policy from. */
export interface PolicySource {
  /** From memory; undefined before the first publish. */
  live(): LivePolicy | undefined;
  /** Calls `listener` after each change of the live policy. Returns what ends that. */
  onChange(listener: (policy: LivePolicy) => void): () => void;
}

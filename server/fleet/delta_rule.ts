/** What the bundle that an envoy holds was made from. Digests and roots are hex. */
export interface PolicyInputs {
  /** Content hash and compiler version. */
  readonly policyVersion: string;
  readonly tagRevision: number;
  readonly secretEpoch: number;
  /** Digest of the traits that the resolution read, absent ones included. */
  readonly readsDigest: string;
}

/** What this server last resolved for an envoy: the inputs, and the root that came of them. */
export interface SentPolicy {
  readonly inputs: PolicyInputs;
  readonly root: string;
}

/** What one check-in says and what holds now. */
export interface DeltaQuestion {
  readonly isForced: boolean;
  /** The root that the envoy reports; empty before its first bundle. */
  readonly fingerprint: string;
  /** `undefined` when this server does not know, as after its restart. */
  readonly sent: SentPolicy | undefined;
  readonly current: PolicyInputs;
}

/**
 * Whether an envoy's policy can have changed, without resolving it: `no_change` only if nothing is forced, the envoy holds
 * what it was last sent, and every input of that resolution is what it was. Anything unknown is resolved.
 */
export function judgeDelta(
  { isForced, fingerprint, sent, current }: DeltaQuestion,
): "no_change" | "resolve" {
  if (isForced || sent === undefined || fingerprint !== sent.root) return "resolve";
  const { inputs } = sent;
  const isSame = inputs.policyVersion === current.policyVersion &&
    inputs.tagRevision === current.tagRevision &&
    inputs.secretEpoch === current.secretEpoch &&
    inputs.readsDigest === current.readsDigest;
  return isSame ? "no_change" : "resolve";
}

/** Whether a freshly resolved policy has to travel: roots decide, unless the envoy or an admin asked for it whole. */
export function needsBundle(
  { isForced, fingerprint }: Pick<DeltaQuestion, "isForced" | "fingerprint">,
  root: string,
): boolean {
  return isForced || fingerprint !== root;
}

import type { NameClaim } from "./name_claim.ts";
import type { PuddleChain } from "./puddle_chain.ts";

/** What a name means in the fleet. */
export type NameResolution =
  | { readonly kind: "one"; readonly publicKey: string }
  /** Several puddles claim it, so it means none of them. */
  | { readonly kind: "contested"; readonly publicKeys: readonly string[] };

/**
 * What each claimed name means. Of one puddle the newest claim counts, whichever of its keys signed it; puddles that claim
 * the same name contest it, whoever says to have come first, since times are the claimers' own word.
 *
 * @param claims Each verified.
 */
export function resolveNames(
  claims: Iterable<NameClaim>,
  chain: PuddleChain,
): ReadonlyMap<string, NameResolution> {
  const newest = new Map<string, { readonly claim: NameClaim; readonly rank: number }>();
  for (const claim of claims) {
    // A puddle whose chain ends in doubt has nobody to speak for it but the key that claimed.
    const puddle = chain.currentKey(claim.publicKey) ?? claim.publicKey;
    // A claim by a later key of the chain outranks those of the keys before it, whatever their clocks said.
    const rank = -chain.keysFrom(claim.publicKey).length;
    const known = newest.get(puddle);
    if (!known || isNewer({ claim, rank }, known)) newest.set(puddle, { claim, rank });
  }
  const owners = new Map<string, string[]>();
  for (const [puddle, { claim: { name } }] of newest) {
    owners.set(name, [...owners.get(name) ?? [], puddle].sort());
  }
  return new Map([...owners].map(([name, keys]) => [name, toResolution(keys)]));
}

interface RankedClaim {
  readonly claim: NameClaim;
  readonly rank: number;
}

function isNewer(one: RankedClaim, other: RankedClaim): boolean {
  if (one.rank !== other.rank) return one.rank > other.rank;
  const byTime = one.claim.claimedAtMs - other.claim.claimedAtMs;
  return byTime > 0 || (byTime === 0 && one.claim.signature > other.claim.signature);
}

function toResolution(publicKeys: readonly string[]): NameResolution {
  const [publicKey, second] = publicKeys;
  return publicKey !== undefined && second === undefined
    ? { kind: "one", publicKey }
    : { kind: "contested", publicKeys };
}

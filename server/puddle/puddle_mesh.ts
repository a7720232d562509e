import { z } from "zod";
import type { Delegation } from "../../shared/puddle/delegation.ts";
import { parseDelegations } from "../../shared/puddle/parse_delegations.ts";
import {
  type NameClaim,
  nameClaimSchema,
  verifyNameClaim,
} from "../../shared/puddle/name_claim.ts";
import { PuddleChain } from "../../shared/puddle/puddle_chain.ts";
import { puddleKeySchema } from "../../shared/puddle/puddle_key.ts";
import { resolveNames } from "../../shared/puddle/resolve_names.ts";
import type { MeshPuddle, PuddleMember, SaidSuccessor } from "../../shared/rest/puddle.ts";

/** Users of one envoy that are looked at: as many as an agent tells of. */
const MAX_USERS = 200;
/** Machines that are told of which say that their key came after another. */
const MAX_SAID_SUCCESSORS = 8;
/** Retired keys of one member: as many as a chain may have. */
const MAX_RETIRED = 8;

/** The trait `puddle` of one user; what of it was signed is verified before it counts. */
const memberSchema = z.looseObject({
  pubkey: puddleKeySchema.nullable(),
  unlocked: z.boolean(),
  pair_pending: z.boolean(),
  name_claim: z.unknown(),
  retired_keys: z.array(puddleKeySchema).max(MAX_RETIRED),
  delegations: z.array(z.unknown()).max(MAX_RETIRED).default([]),
});

type Member = z.infer<typeof memberSchema>;

/** What one envoy reports. */
export interface ReportingEnvoy {
  readonly uuid: string;
  readonly hostname: string;
  /** The trait `puddle` as the envoy sent it; anything if it sent anything. */
  readonly trait: unknown;
}

/**
 * The puddles of a fleet as its envoys report them. A view and no authority: that a machine has a puddle is that machine's
 * word; names and changes of keys count if they are signed.
 *
 * @param delegations Verified; those that envoys report are verified here.
 */
export function viewPuddles(
  envoys: Iterable<ReportingEnvoy>,
  delegations: readonly Delegation[],
  isEvicted: (evicted: { publicKey: string; envoyUuid: string }) => boolean,
): MeshPuddle[] {
  const reported = [...envoys].flatMap(({ uuid, hostname, trait }) =>
    readMembers(trait).map((member) => ({ uuid, hostname, ...member }))
  );
  const chain = new PuddleChain([...delegations, ...proveReported(reported)]);
  const members = new Map<string, PuddleMember[]>();
  const retired = new Map<string, Set<string>>();
  /** By an old key: who says, proven or not, that theirs came after it. */
  const saidLater = new Map<string, SaidSuccessor[]>();
  const claims: NameClaim[] = [];
  for (const { uuid, hostname, user, facts } of reported) {
    const { pubkey: publicKey } = facts;
    if (publicKey === null) continue;
    const claim = nameClaimSchema.safeParse(facts.name_claim);
    if (claim.success && verifyNameClaim(claim.data)) claims.push(claim.data);
    members.set(publicKey, [...members.get(publicKey) ?? [], {
      hostname,
      envoyUuid: uuid,
      user,
      unlocked: facts.unlocked,
      pairPending: facts.pair_pending,
      evicted: isEvicted({ publicKey, envoyUuid: uuid }),
    }]);
    const keys = retired.get(publicKey) ?? new Set();
    for (const key of facts.retired_keys) {
      keys.add(key);
      saidLater.set(key, [...saidLater.get(key) ?? [], { publicKey, hostname }]);
    }
    retired.set(publicKey, keys);
  }
  const names = resolveNames(claims, chain);
  return [...members].map(([publicKey, found]) => ({
    publicKey,
    ...nameOf(publicKey, names, chain),
    members: found.sort((one, other) => one.hostname < other.hostname ? -1 : 1),
    retiredKeys: [...retired.get(publicKey) ?? []].sort(),
    successor: successorOf(publicKey, chain),
    saidSuccessors: unproven(publicKey, saidLater, chain),
    contested: chain.isContested(publicKey),
  })).sort((one, other) => one.publicKey < other.publicKey ? -1 : 1);
}

/** The name that a puddle claims, and whether it is alone with it. */
function nameOf(
  publicKey: string,
  names: ReturnType<typeof resolveNames>,
  chain: PuddleChain,
): Pick<MeshPuddle, "name" | "nameState"> {
  const puddle = chain.currentKey(publicKey) ?? publicKey;
  for (const [name, resolution] of names) {
    if (resolution.kind === "one" && resolution.publicKey === puddle) {
      return { name, nameState: "claimed" };
    }
    if (resolution.kind === "contested" && resolution.publicKeys.includes(puddle)) {
      return { name, nameState: "contested" };
    }
  }
  return { name: null, nameState: "none" };
}

function successorOf(publicKey: string, chain: PuddleChain): string | null {
  const current = chain.currentKey(publicKey);
  return current === undefined || current === publicKey ? null : current;
}

/** Of each delegation that several machines report one copy is verified. */
function proveReported(reported: readonly { readonly facts: Member }[]): Delegation[] {
  const distinct = new Map(
    reported.flatMap(({ facts }) =>
      facts.delegations.map((one) => [JSON.stringify(one), one] as const)
    ),
  );
  return parseDelegations(distinct.values());
}

/** Who says that their key came after this one, of which nothing that was signed is known. */
function unproven(
  publicKey: string,
  saidLater: ReadonlyMap<string, readonly SaidSuccessor[]>,
  chain: PuddleChain,
): SaidSuccessor[] {
  const proven = chain.keysFrom(publicKey);
  return (saidLater.get(publicKey) ?? [])
    .filter((said) => said.publicKey !== publicKey && !proven.includes(said.publicKey))
    .sort((one, other) => one.hostname < other.hostname ? -1 : 1)
    .slice(0, MAX_SAID_SUCCESSORS);
}

function readMembers(trait: unknown) {
  if (typeof trait !== "object" || trait === null || Array.isArray(trait)) return [];
  return Object.entries(trait).slice(0, MAX_USERS).flatMap(([user, value]) => {
    const facts = memberSchema.safeParse(value);
    return facts.success ? [{ user, facts: facts.data }] : [];
  });
}

/**
 * The puddles that a key, its first digits or a name mean. A name means a puddle's present key, though machines that have an
 * old one still report it.
 */
export function findPuddles(puddles: readonly MeshPuddle[], reference: string): MeshPuddle[] {
  const byName = puddles.filter(({ name }) => name === reference);
  const [present, another] = new Set(byName.map((one) => one.successor ?? one.publicKey));
  if (present !== undefined && another === undefined) {
    const current = byName.filter(({ publicKey }) => publicKey === present);
    return current.length > 0 ? current : byName;
  }
  if (byName.length > 0) return byName;
  if (!/^[0-9a-f]{8,64}$/.test(reference)) return [];
  return puddles.filter(({ publicKey }) => publicKey.startsWith(reference));
}

import {
  type Delegation,
  delegationSchema,
  isSameDelegation,
  verifyDelegation,
} from "../../shared/puddle/delegation.ts";
import { PuddleChain } from "../../shared/puddle/puddle_chain.ts";

/** Largest delegation, in bytes of JSON. */
export const MAX_DELEGATION_BYTES = 64 * 1024;
/** Most delegations kept with a topic: all that are followed, and those that contest them. */
const MAX_KEPT = 32;

/** The delegations among these bytes that both keys signed; what is none is left out. */
export function readDelegations(offered: readonly (Uint8Array | string)[]): Delegation[] {
  return offered.flatMap((one) => {
    if (one.length > MAX_DELEGATION_BYTES) return [];
    const parsed = delegationSchema.safeParse(parseJson(one));
    return parsed.success && verifyDelegation(parsed.data) ? [parsed.data] : [];
  });
}

/** Of all delegations those that a topic's authors rest on, each once: of the founder's key, and of those that follow. */
export function delegationsOf(founder: string, all: readonly Delegation[]): Delegation[] {
  const distinct = all.filter((one, at) =>
    all.findIndex((other) => isSameDelegation(one, other)) === at
  );
  const keys = new Set(new PuddleChain(distinct).keysFrom(founder));
  return distinct.filter(({ oldKey }) => keys.has(oldKey)).slice(0, MAX_KEPT);
}

function parseJson(json: Uint8Array | string): unknown {
  try {
    return JSON.parse(typeof json === "string" ? json : new TextDecoder().decode(json));
  } catch {
    return undefined;
  }
}

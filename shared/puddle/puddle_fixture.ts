import { generateEd25519, type Signer } from "../crypto/ed25519.ts";
import { type Delegation, signDelegation, type TopicHead } from "./delegation.ts";

/** Keys in a row, as one puddle has them that was given new ones; for tests. */
export function puddleKeys(count: number): { readonly signer: Signer; readonly key: string }[] {
  return Array.from({ length: count }, () => {
    const { signer } = generateEd25519();
    return { signer, key: signer.publicKey.toHex() };
  });
}

/** A delegation between two such keys; for tests. */
export function delegate(
  from: { readonly signer: Signer } | undefined,
  to: { readonly signer: Signer } | undefined,
  heads: readonly TopicHead[] = [],
  issuedAtMs = 1,
): Delegation {
  if (!from || !to) throw new TypeError("A delegation needs two keys");
  return signDelegation({ oldSigner: from.signer, newSigner: to.signer }, {
    heads: [...heads],
    issuedAtMs,
  });
}

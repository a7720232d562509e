import { generateEd25519, type Signer } from "../../../shared/crypto/ed25519.ts";
import { sha256Hex } from "../../../shared/crypto/sha256.ts";
import {
  type ManifestEntry,
  manifestEntryBytes,
  type UnsignedManifestEntry,
} from "../../../shared/swarm/manifest_entry.ts";
import { UNSIGNED_ENTRY } from "../../../shared/swarm/manifest_entry_fixture.ts";
import { ManifestTrust } from "../../../shared/swarm/manifest_trust.ts";

/** A fleet of a server, two seeders and one who is none, all of whom sign entries; for tests. */
export class FakeSigners {
  readonly server: Signer = generateEd25519().signer;
  readonly own: Signer = generateEd25519().signer;
  readonly other: Signer = generateEd25519().signer;
  /** An envoy of the fleet that may not seed. */
  readonly stranger: Signer = generateEd25519().signer;

  trust(): ManifestTrust {
    return new ManifestTrust(keyOf(this.server), [
      { key: keyOf(this.own), hostname: "own" },
      { key: keyOf(this.other), hostname: "other" },
    ]);
  }

  /** An entry for the blob of some text, signed by whom it is said to be of. */
  entry(
    by: "server" | "own" | "other" | "stranger",
    content: string,
    fields: Partial<Pick<ManifestEntry, "state" | "stamp" | "label" | "target">>,
  ): ManifestEntry {
    const unsigned: UnsignedManifestEntry = {
      ...UNSIGNED_ENTRY,
      sha256: sha256Hex(content),
      sizeBytes: content.length,
      chunksDigest: sha256Hex("digests"),
      origin: by === "server" ? "own" : by,
      ...fields,
      author: keyOf(this[by]),
    };
    return { ...unsigned, signature: this[by].sign(manifestEntryBytes(unsigned)).toHex() };
  }
}

export function keyOf({ publicKey }: Signer): string {
  return publicKey.toHex();
}

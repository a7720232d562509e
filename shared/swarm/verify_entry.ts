import { loadVerifier, type Verifier } from "../crypto/ed25519.ts";
import { type ManifestEntry, manifestEntryBytes } from "./manifest_entry.ts";

/** Parsed keys kept by an {@linkcode EntryVerifier}: as many as a fleet document can name, and some strangers. */
const MAX_CACHED_KEYS = 2000;

/** Checks that entries were signed by the author they name. Whether that author is to be believed is another question. */
export class EntryVerifier {
  readonly #verifiers = new Map<string, Verifier | "invalid">();

  verify(entry: ManifestEntry): boolean {
    const verifier = this.#verifierOf(entry.author);
    return verifier !== "invalid" &&
      verifier.verify(manifestEntryBytes(entry), Uint8Array.fromHex(entry.signature));
  }

  #verifierOf(author: string): Verifier | "invalid" {
    const known = this.#verifiers.get(author);
    if (known) return known;
    if (this.#verifiers.size >= MAX_CACHED_KEYS) this.#verifiers.clear();
    let verifier: Verifier | "invalid" = "invalid";
    try {
      verifier = loadVerifier(Uint8Array.fromHex(author));
    } catch {
      // 32 bytes that are no point of the curve: nothing they are said to have signed can verify.
    }
    this.#verifiers.set(author, verifier);
    return verifier;
  }
}

import { Buffer } from "node:buffer";
import type { Json } from "../../shared/canonical/canonical_json.ts";
import { sha256 } from "../../shared/crypto/sha256.ts";

/** The traits of one machine, by collector. */
type Traits = { readonly [collector: string]: Json };

/** Largest stable traits accepted, in bytes of JSON: a machine with 10,000 packages stays below. */
export const MAX_STABLE_TRAITS_BYTES = 1024 * 1024;
/** Largest volatile traits of one check-in; the protocol aims at 1 KiB, a busy machine may need more. */
export const MAX_VOLATILE_TRAITS_BYTES = 16 * 1024;

/** What an envoy said of its machine: stable traits as one text with a digest, volatile ones merged as they came. */
export class EnvoyTraits {
  #stableText: string;
  #stableDigest: Uint8Array;
  /** Parsed stable traits, while memory allows: a package list takes several times its text, and most are not looked at. */
  #stable: WeakRef<Traits> | undefined;
  #volatile: Record<string, Json>;

  /** @param stableText canonical JSON, `{}` or empty if nothing is known. */
  constructor(stableText: string, volatileText: string) {
    this.#stableText = stableText || "{}";
    this.#stableDigest = stableText === "" ? new Uint8Array() : sha256(this.#stableText);
    this.#volatile = { ...parseTraits(volatileText || "{}") };
  }

  /** Whether the envoy's stable traits are those known here. */
  hasStable(digest: Uint8Array): boolean {
    return Buffer.compare(this.#stableDigest, digest) === 0;
  }

  /**
   * Replaces the stable traits.
   *
   * @throws {RangeError | SyntaxError} if they are too large, do not have the digest that came with them, or are no JSON
   * object.
   */
  setStable(bytes: Uint8Array, digest: Uint8Array): void {
    if (bytes.length > MAX_STABLE_TRAITS_BYTES) {
      throw new RangeError(
        `stable traits have ${bytes.length} bytes, more than ${MAX_STABLE_TRAITS_BYTES}`,
      );
    }
    const found = sha256(bytes);
    if (Buffer.compare(found, digest) !== 0) {
      throw new RangeError("stable traits do not have the digest that came with them");
    }
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    this.#stable = new WeakRef(parseTraits(text));
    this.#stableText = text;
    this.#stableDigest = found;
  }

  /**
   * Takes over the volatile traits that changed; `null` takes one away. Answers the collectors that it touched.
   *
   * @throws {RangeError | SyntaxError} if they are too large or no JSON object.
   */
  mergeVolatile(bytes: Uint8Array): readonly string[] {
    if (bytes.length === 0) return [];
    if (bytes.length > MAX_VOLATILE_TRAITS_BYTES) {
      throw new RangeError(
        `volatile traits have ${bytes.length} bytes, more than ${MAX_VOLATILE_TRAITS_BYTES}`,
      );
    }
    const changed = parseTraits(decode(bytes));
    const collectors = Object.keys(changed);
    for (const collector of collectors) {
      const value = changed[collector];
      if (value === null || value === undefined) delete this.#volatile[collector];
      else this.#volatile[collector] = value;
    }
    return collectors;
  }

  get stableText(): string {
    return this.#stableText;
  }

  get volatileText(): string {
    return JSON.stringify(this.#volatile);
  }

  /** Stable and volatile traits together; of a collector that has both, the members are joined. */
  merged(): Traits {
    let parsed = this.#stable?.deref();
    if (parsed === undefined) {
      parsed = parseTraits(this.#stableText);
      this.#stable = new WeakRef(parsed);
    }
    const merged: Record<string, Json> = { ...parsed };
    for (const [collector, value] of Object.entries(this.#volatile)) {
      const stable = merged[collector];
      merged[collector] = isObject(stable) && isObject(value) ? { ...stable, ...value } : value;
    }
    return merged;
  }
}

function decode(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("utf8");
}

function parseTraits(text: string): Traits {
  const value: unknown = JSON.parse(text);
  if (value === null || typeof value !== "object" || Array.isArray(value)) {
    throw new SyntaxError("traits are not a JSON object");
  }
  // What JSON.parse gives holds nothing but JSON.
  return value as Traits;
}

function isObject(value: Json | undefined): value is { readonly [key: string]: Json | undefined } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

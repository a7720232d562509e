import { Buffer } from "node:buffer";
import { type Json, MAX_JSON_DEPTH } from "../../shared/canonical/canonical_json.ts";
import { sha256 } from "../../shared/crypto/sha256.ts";

/** The traits of one machine, by collector. */
type Traits = { readonly [collector: string]: Json };

/** Largest stable traits accepted, in bytes of JSON: a machine with 10,000 packages stays below. */
export const MAX_STABLE_TRAITS_BYTES = 1024 * 1024;
/** Largest volatile traits of one check-in; the protocol aims at 1 KiB, a busy machine may need more. */
export const MAX_VOLATILE_TRAITS_BYTES = 16 * 1024;

/** Collectors with volatile traits that one envoy may have; the agent has a dozen. */
export const MAX_VOLATILE_COLLECTORS = 64;
/** Volatile traits of one envoy as they were merged over all its check-ins, in bytes of JSON. */
export const MAX_MERGED_VOLATILE_BYTES = 64 * 1024;

/** What an envoy said of its machine: stable traits as one text with a digest, volatile ones merged as they came. */
export class EnvoyTraits {
  #stableText: string;
  #stableDigest: Uint8Array;
  /** Parsed stable traits, while memory allows: a package list takes several times its text, and most are not looked at. */
  #stable: WeakRef<Traits> | undefined;
  #volatile: ReadonlyMap<string, Json>;
  #volatileText: string;

  /** @param stableText canonical JSON, `{}` or empty if nothing is known. */
  constructor(stableText: string, volatileText: string) {
    this.#stableText = stableText || "{}";
    this.#stableDigest = stableText === "" ? new Uint8Array() : sha256(this.#stableText);
    this.#volatileText = volatileText || "{}";
    this.#volatile = new Map(entriesOf(parseTraits(this.#volatileText)));
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
    this.#stable = new WeakRef(parseSentTraits(text));
    this.#stableText = text;
    this.#stableDigest = found;
  }

  /**
   * Takes over the volatile traits that changed; `null` takes one away. Answers the collectors that it touched.
   *
   * @throws {RangeError | SyntaxError} if they are too large, alone or with those that are known, or no JSON object; nothing
   * has changed then.
   */
  mergeVolatile(bytes: Uint8Array): readonly string[] {
    if (bytes.length === 0) return [];
    if (bytes.length > MAX_VOLATILE_TRAITS_BYTES) {
      throw new RangeError(
        `volatile traits have ${bytes.length} bytes, more than ${MAX_VOLATILE_TRAITS_BYTES}`,
      );
    }
    const changed = entriesOf(parseSentTraits(decode(bytes)));
    const merged = new Map(this.#volatile);
    for (const [collector, value] of changed) {
      if (value === null) merged.delete(collector);
      else merged.set(collector, value);
    }
    if (merged.size > MAX_VOLATILE_COLLECTORS) {
      throw new RangeError(
        `volatile traits have ${merged.size} collectors, more than ${MAX_VOLATILE_COLLECTORS}`,
      );
    }
    const text = JSON.stringify(Object.fromEntries(merged));
    const mergedBytes = Buffer.byteLength(text);
    if (mergedBytes > MAX_MERGED_VOLATILE_BYTES) {
      throw new RangeError(
        `volatile traits have ${mergedBytes} bytes once merged, more than ${MAX_MERGED_VOLATILE_BYTES}`,
      );
    }
    this.#volatile = merged;
    this.#volatileText = text;
    return changed.map(([collector]) => collector);
  }

  get stableText(): string {
    return this.#stableText;
  }

  get volatileText(): string {
    return this.#volatileText;
  }

  /** Stable and volatile traits together; of a collector that has both, the members are joined. */
  merged(): Traits {
    let parsed = this.#stable?.deref();
    if (parsed === undefined) {
      parsed = parseTraits(this.#stableText);
      this.#stable = new WeakRef(parsed);
    }
    const merged = new Map(entriesOf(parsed));
    for (const [collector, value] of this.#volatile) {
      const stable = merged.get(collector);
      const joined = isObject(stable) && isObject(value) ? { ...stable, ...value } : value;
      merged.set(collector, joined);
    }
    return Object.fromEntries(merged);
  }
}

function decode(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("utf8");
}

function entriesOf(traits: Traits): [string, Json][] {
  return Object.entries(traits);
}

/**
 * Whether JSON text nests deeper than what reads it later can follow. Looked at before it is parsed, so that no value that
 * recursion cannot walk ever exists.
 */
function isTooDeep(text: string): boolean {
  let depth = 0;
  let isInString = false;
  for (let at = 0; at < text.length; at++) {
    const character = text[at];
    if (isInString) {
      if (character === "\\") at += 1;
      else if (character === '"') isInString = false;
    } else if (character === '"') isInString = true;
    else if (character === "[" || character === "{") {
      depth += 1;
      if (depth > MAX_JSON_DEPTH) return true;
    } else if (character === "]" || character === "}") depth -= 1;
  }
  return false;
}

/** Traits as they come from outside. */
function parseSentTraits(text: string): Traits {
  if (isTooDeep(text)) throw new RangeError(`traits are nested deeper than ${MAX_JSON_DEPTH}`);
  if (MAY_OVERFLOW.test(text)) JSON.parse(text, refuseEndless);
  return parseTraits(text);
}

/** Digits of JSON that may stand for more than a double holds; parsed, such a number is infinite. */
const MAY_OVERFLOW = /[eE]\+?\d{3}|\d{200}/;

function refuseEndless(name: string, value: unknown): unknown {
  if (!isEndless(value)) return value;
  throw new RangeError(`${JSON.stringify(name.slice(0, 64))} is a number too large to be read`);
}

function isEndless(value: unknown): boolean {
  return typeof value === "number" && !Number.isFinite(value);
}

/** Numbers that are too large read as null: an earlier release may have stored them. */
function parseTraits(text: string): Traits {
  const value: unknown = MAY_OVERFLOW.test(text)
    ? JSON.parse(text, (_, item) => isEndless(item) ? null : item)
    : JSON.parse(text);
  if (value === null || typeof value !== "object" || Array.isArray(value)) {
    throw new SyntaxError("traits are not a JSON object");
  }
  // What JSON.parse gives holds nothing but JSON.
  return value as Traits;
}

function isObject(value: Json | undefined): value is { readonly [key: string]: Json | undefined } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

import { canonicalJson, type Json, MAX_JSON_DEPTH } from "../../shared/canonical/canonical_json.ts";
import { encodeFrame } from "../../shared/canonical/frame.ts";
import { type Sha256, sha256Hex } from "../../shared/crypto/sha256.ts";
import type { Traits } from "../../shared/templates/identified_traits.ts";
import { ScopeInterruption } from "../../shared/templates/template.ts";

/**
 * A place in the traits that a compilation looked at: a JSON Pointer (RFC 6901), as in `/os/distro`. It stands for the value
 * there, or for its absence; of a list or map only for its being one. With a `*` in front, as in `*` + `/network/interfaces`,
 * it stands for everything below, since something listed the keys.
 */
export type TraitRead = string & { readonly __brand: "TraitRead" };

/** Everything that there is. */
export const ALL_TRAITS = "*" as TraitRead;

/** Deepest place that templates see; what lies below is absent, so that whatever a machine reports can be digested. */
const MAX_TRAIT_DEPTH = MAX_JSON_DEPTH - 4;

/**
 * Longest text that templates see, in UTF-16 code units; longer ones are cut. Far above what machines have (a kernel's command
 * line has 2048), and no machine can make the server write a text of megabytes into each of its files.
 */
export const MAX_TRAIT_TEXT = 4096;

const DIGEST_TAG = "vigo.trait_reads.v1";

/** Takes what is looked at; a set is one. */
export interface ReadSink {
  add(read: TraitRead): unknown;
}

/** A view of `traits` that notes into `reads` whatever is looked at, absent things included. */
export function recordTraitReads(traits: Traits, reads: ReadSink): object {
  const recorder = new TraitRecorder(reads);
  const view = recorder.view(traits, "");
  RECORDERS.set(view, recorder);
  return view;
}

/** The trait that was last looked for in vain in a view of `recordTraitReads`, from the collector inwards. */
export function lastMissingTrait(view: object): readonly string[] | undefined {
  return RECORDERS.get(view)?.lastMissing;
}

const RECORDERS = new WeakMap<object, TraitRecorder>();

/**
 * One digest over what `reads` saw in `traits`. Equal digests mean that a compilation that made these reads would come to
 * the same result again, since what it reads next follows from what it has read.
 */
export function digestOfReads(reads: Iterable<TraitRead>, traits: Traits): Sha256 {
  const fields: string[] = [];
  for (const read of [...reads].sort()) fields.push(read, stateAt(parseRead(read), traits));
  return sha256Hex(encodeFrame(DIGEST_TAG, fields));
}

/** Thrown where traits are looked at while they are not known: when stacks are checked without a host. */
export class TraitsUnknown extends ScopeInterruption {
  override readonly name = "TraitsUnknown";
}

/** Traits of no host in particular. */
export const UNKNOWN_TRAITS: object = new Proxy({}, {
  get: refuseLook,
  has: refuseLook,
  ownKeys: refuseLook,
  getOwnPropertyDescriptor: refuseLook,
});

function refuseLook(): never {
  throw new TraitsUnknown("Traits are known only when stacks are compiled for a host");
}

class TraitRecorder {
  /** One view for each container: a list of thousands of packages is copied once, however often it is looked at. */
  readonly #views = new Map<string, object>();

  lastMissing: readonly string[] | undefined;

  constructor(private readonly reads: ReadSink) {}

  view(value: object, path: string): object {
    const known = this.#views.get(path);
    if (known) return known;
    // A proxy must answer for frozen members with those members themselves, and these answers are proxies too.
    const target: object = Array.isArray(value) ? [...value] : { ...value };
    const view = new Proxy(target, {
      get: (_, key) => this.#get(target, path, key),
      has: (_, key) => {
        if (typeof key === "string") this.#note(path, key);
        return this.#hasOwn(target, path, key);
      },
      getOwnPropertyDescriptor: (_, key) => {
        if (typeof key === "string") this.#note(path, key);
        return this.#hasOwn(target, path, key)
          ? Reflect.getOwnPropertyDescriptor(target, key)
          : undefined;
      },
      ownKeys: () => {
        // The form that the type stands for, as in #note.
        this.reads.add(`*${path}` as TraitRead);
        return Reflect.ownKeys(target);
      },
    });
    this.#views.set(path, view);
    return view;
  }

  #get(target: object, path: string, key: string | symbol): unknown {
    if (typeof key === "symbol") return Reflect.get(target, key);
    const isOwn = Object.hasOwn(target, key);
    if (!isOwn && Array.isArray(target) && key in Array.prototype) return Reflect.get(target, key);
    this.#note(path, key);
    if (!isOwn || depthOf(path) >= MAX_TRAIT_DEPTH) {
      this.lastMissing = [...path.split("/").slice(1), key];
      return undefined;
    }
    const member: unknown = Reflect.get(target, key);
    if (typeof member === "string") return cutText(member);
    return typeof member === "object" && member !== null
      ? this.view(member, `${path}/${escapeKey(key)}`)
      : member;
  }

  #hasOwn(target: object, path: string, key: string | symbol): boolean {
    const isOwn = Object.hasOwn(target, key);
    if (!isOwn) this.lastMissing = [...path.split("/").slice(1), String(key)];
    return isOwn;
  }

  #note(path: string, key: string): void {
    this.reads.add(`${path}/${escapeKey(key)}` as TraitRead);
  }
}

function depthOf(path: string): number {
  return path.split("/").length - 1;
}

function escapeKey(key: string): string {
  return key.toWellFormed().replaceAll("~", "~0").replaceAll("/", "~1");
}

function cutText(text: string): string {
  return text.length <= MAX_TRAIT_TEXT ? text : text.slice(0, MAX_TRAIT_TEXT).toWellFormed();
}

/** A read taken apart, for whoever looks it up often. */
export interface ParsedRead {
  readonly keys: readonly string[];
  readonly isWhole: boolean;
}

export function parseRead(read: TraitRead): ParsedRead {
  return {
    keys: read.split("/").slice(1).map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~")),
    isWhole: read.startsWith("*"),
  };
}

/** What a read sees in some traits: equal texts if it sees the same. */
export function stateAt({ keys, isWhole }: ParsedRead, traits: Traits): string {
  let value: unknown = traits;
  for (const key of keys) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, key)) return "absent";
    value = Reflect.get(value, key);
  }
  if (value === undefined) return "absent";
  if (typeof value !== "object" || value === null || isWhole) {
    return `=${canonicalJson(readable(value, 0))}`;
  }
  return Array.isArray(value) ? "list" : "map";
}

/** A value as far as templates see it: to the greatest depth, and in well-formed Unicode. */
function readable(value: unknown, depth: number): Json {
  if (typeof value === "string") return cutText(value).toWellFormed();
  if (typeof value === "number") return Number.isFinite(value) ? value : null;
  if (typeof value === "boolean") return value;
  if (typeof value !== "object" || value === null || depth >= MAX_TRAIT_DEPTH) return null;
  if (Array.isArray(value)) return value.map((item) => readable(item, depth + 1));
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key.toWellFormed(), readable(item, depth + 1)]),
  );
}

import type { Json } from "../../shared/canonical/canonical_json.ts";
import type { BundleResource } from "../../shared/config/policy_bundle.ts";
import { parseJsonPointer } from "../../shared/templates/json_place.ts";
import { isSecret } from "./fill_parameters.ts";

/** Instead of a diff that could show what an earlier policy kept secret. */
export const WITHHELD_DIFF = "content held a secret: not shown";

/** Ids of resources that have held a secret, each with the files that it may have put one into; no values. */
export type Traces = Readonly<Record<string, readonly string[]>>;

/** Where traces outlive a run. */
export interface SecretTraceStore {
  load(): Promise<Traces>;
  /** Durable when it returns. */
  save(traces: Traces): Promise<void>;
}

/** Forgets everything with the process. */
export class MemoryTraceStore implements SecretTraceStore {
  constructor(public traces: Traces = {}) {}

  load(): Promise<Traces> {
    return Promise.resolve(this.traces);
  }

  save(traces: Traces): Promise<void> {
    this.traces = traces;
    return Promise.resolve();
  }
}

/** Types that change a part of a file and leave the rest, in which an earlier secret may stand. */
const EDITS_IN_PLACE: ReadonlySet<string> = new Set([
  "blockinfile",
  "file_line",
  "ini",
  "json_file",
]);

/**
 * Remembers what secrets were written to, for as long as one may still be there: a policy that no longer names a secret says
 * nothing of the file in which it stands, and an agent that was started anew does not know the value to look for. What bears
 * a trace is changed as ever, without a snapshot and without showing what was there.
 *
 * A trace ends when its resource has settled without a secret, or when something else has replaced or removed the file as a
 * whole. Of a file that is edited in places only the latter counts.
 */
export class SecretTraces {
  readonly #places: Map<string, Set<string>>;

  private constructor(private readonly store: SecretTraceStore, traces: Traces) {
    this.#places = new Map(
      Object.entries(traces).map(([id, paths]) => [id, new Set(paths)]),
    );
  }

  static async load(store: SecretTraceStore): Promise<SecretTraces> {
    return new SecretTraces(store, await store.load());
  }

  /** Whether what the resource finds may hold a secret that it does not hold itself. */
  has({ id }: BundleResource, { path }: Readonly<Record<string, Json>>): boolean {
    const own = this.#places.get(id);
    // Without a file nobody knows where the secret went; with one, the resource may have moved to another.
    if (own?.size === 0) return true;
    return typeof path === "string" ? this.hasPath(path) : own !== undefined;
  }

  hasPath(path: string): boolean {
    return [...this.#places.values()].some((paths) => paths.has(path));
  }

  /** Notes that a resource with a secret may write to its path; to be called before it does. */
  async note(resource: BundleResource, { path }: Readonly<Record<string, Json>>): Promise<void> {
    const isSpoken = typeof path === "string" && !hidesPath(resource);
    await this.#add(resource.id, isSpoken ? [path] : []);
  }

  /** Notes another file that such a resource is about to write. */
  async noteFile(resource: BundleResource, path: string): Promise<void> {
    if (!hidesPath(resource)) await this.#add(resource.id, [path]);
  }

  /** Forgets what a resource without secrets has replaced, now that it is as wanted. */
  async settle(
    { id, type }: BundleResource,
    { path, ensure, content, source }: Readonly<Record<string, Json>>,
  ): Promise<void> {
    if (this.#places.size === 0 || EDITS_IN_PLACE.has(type)) return;
    if (type !== "file") {
      if (this.#places.delete(id)) await this.#save();
      return;
    }
    const isWhole = ensure === "absent" || content !== undefined || source !== undefined;
    if (!isWhole || typeof path !== "string") return;
    let isChanged = false;
    for (const [other, paths] of this.#places) {
      const isFreed = paths.delete(path) || other === id;
      if (isFreed && paths.size === 0) this.#places.delete(other);
      isChanged ||= isFreed;
    }
    if (isChanged) await this.#save();
  }

  async #add(id: string, paths: readonly string[]): Promise<void> {
    const known = this.#places.get(id);
    if (known && paths.every((path) => known.has(path))) return;
    this.#places.set(id, new Set([...known ?? [], ...paths]));
    await this.#save();
  }

  async #save(): Promise<void> {
    await this.store.save(
      Object.fromEntries([...this.#places].map(([id, paths]) => [id, [...paths]])),
    );
  }
}

/** Whether a secret stands in the path itself, which then may not be written down. */
function hidesPath(resource: BundleResource): boolean {
  return (resource.deferred ?? []).some((one) =>
    isSecret(one) && parseJsonPointer(one.at)[0] === "path"
  );
}

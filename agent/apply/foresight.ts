import { dirname } from "node:path";
import type { Json } from "../../shared/canonical/canonical_json.ts";
import type { BundleResource } from "../../shared/config/policy_bundle.ts";
import { NATURAL_KEY } from "../../shared/config/resource_schemas.ts";
import type { Foreseen } from "../resources/resource.ts";
import type { Result } from "./run_resource.ts";

/** Types whose changes reach further than what they name: they may put files, users and processes anywhere. */
const FAR_REACHING: ReadonlySet<string> = new Set([
  "archive",
  "custom",
  "exec",
  "git",
  "mount",
  "package",
  "process",
  "service",
  "user",
]);

/** Types after which there is a folder at their `path`; a link may lead to one. */
const MAKES_FOLDER: ReadonlySet<string> = new Set(["archive", "directory", "git", "symlink"]);

/** Ids of resources that a resource depends on, directly or through others, and that would change before its turn. */
export interface EarlierChanges {
  /** The one that is the fewest steps away; `undefined` if none would change. */
  readonly nearestId: string | undefined;
  /** The nearest whose changes reach further than what it names. */
  readonly nearestFarReachingId: string | undefined;
}

/**
 * What a dry run knows of the machine as it would be when a resource's turn came. A check sees the machine as it is now; where
 * that is not enough the answer is *unknown*, with what it waits for, rather than a guess.
 */
export class Foresight {
  /** By resource: what would change up to it, itself included. */
  readonly #changes = new Map<string, EarlierChanges>();
  readonly #made = new Set<string>();
  readonly #folders = new Set<string>();

  /**
   * What the resources before this one would make: accounts and folders that they name; and any folder at all, if it depends
   * on one whose changes reach further.
   */
  before(resource: Pick<BundleResource, "dependsOn">): Foreseen {
    const { nearestFarReachingId } = this.changesBefore(resource);
    return {
      has: (type, name) => this.#made.has(`${type}:${name}`),
      mayHaveFolder: (path) => nearestFarReachingId !== undefined || this.#folders.has(path),
    };
  }

  changesBefore({ dependsOn }: Pick<BundleResource, "dependsOn">): EarlierChanges {
    let nearestId: string | undefined;
    let nearestFarReachingId: string | undefined;
    for (const id of dependsOn) {
      const changes = this.#changes.get(id);
      nearestId ??= changes?.nearestId;
      nearestFarReachingId ??= changes?.nearestFarReachingId;
    }
    return { nearestId, nearestFarReachingId };
  }

  /** @param params What would be applied; undefined for a resource that was not looked at. */
  note(
    resource: BundleResource,
    params: Readonly<Record<string, Json>> | undefined,
    { outcome }: Result,
  ): void {
    const { id, type } = resource;
    const before = this.changesBefore(resource);
    if (outcome !== "would_change") {
      this.#changes.set(id, before);
      return;
    }
    this.#changes.set(id, {
      nearestId: id,
      nearestFarReachingId: FAR_REACHING.has(type) ? id : before.nearestFarReachingId,
    });
    if (params === undefined || params.ensure === "absent") return;
    this.#noteFolders(type, params);
    const name = params[NATURAL_KEY[type] ?? ""];
    if (typeof name !== "string") return;
    this.#made.add(`${type}:${name}`);
    // A user without another primary group gets one of its own name.
    if (type === "user" && params.gid === undefined) this.#made.add(`group:${name}`);
  }

  #noteFolders(type: string, { path, parents }: Readonly<Record<string, Json>>): void {
    if (!MAKES_FOLDER.has(type) || typeof path !== "string") return;
    this.#folders.add(path);
    // An archive brings the folders above it.
    if (parents !== true && type !== "archive") return;
    for (let above = dirname(path); !this.#folders.has(above); above = dirname(above)) {
      this.#folders.add(above);
    }
  }
}

/** What may come of a check because something is not there yet: a service, a program, a key to reach a repository with. */
const CANNOT_SAY: ReadonlySet<string> = new Set(["unknown", "failed", "blocked"]);

/** What a check's result means while something that comes before has not happened yet. */
export function judgeForeseen(
  result: Result,
  { nearestId, nearestFarReachingId }: EarlierChanges,
  resource: { readonly reliesOnOthers: boolean; readonly wantsAbsence: boolean },
): Result {
  if (nearestId === undefined) return result;
  if (CANNOT_SAY.has(result.outcome)) {
    const reason = `cannot be known before ${nearestId} has changed: ${result.reason ?? ""}`;
    return { outcome: "unknown", reason };
  }
  if (result.outcome !== "none") return result;
  const cause = resource.reliesOnOthers
    ? nearestId
    : resource.wantsAbsence
    ? nearestFarReachingId
    : undefined;
  return cause === undefined
    ? result
    : { outcome: "unknown", reason: `in sync now, but ${cause} would change before` };
}

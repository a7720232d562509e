import { join } from "node:path";
import { REVOKED_HORIZON_MS } from "../../../shared/swarm/manifest.ts";
import type { SwarmPaths } from "../swarm_paths.ts";
import { removeIfPresent } from "./chunk_file.ts";

/** A digest list, a record of sources, or a download in flight. */
const BESIDE_A_BLOB = /^([0-9a-f]{64})\.(digests|sources|partial)$/;

/** Digests of the blobs of which a part lies in `.blobs/`. */
export async function listPartials({ blobs }: SwarmPaths): Promise<string[]> {
  const names = await Array.fromAsync(Deno.readDir(blobs), ({ name }) => name);
  return names.flatMap((name) => {
    const [, sha256 = "", kind] = name.match(BESIDE_A_BLOB) ?? [];
    return kind === "partial" ? sha256 : [];
  });
}

/** What is known of a blob of which something lies in `.blobs/`. */
export interface LeftoverFacts {
  /** Whether it is stored, seeded, waited for or being fetched. */
  readonly isUsed: (sha256: string) => boolean;
  readonly isLive: (sha256: string) => boolean;
  readonly isRevoked: (sha256: string) => boolean;
}

/** Names in `.blobs/` that belong to nothing any more. */
export interface Leftovers {
  readonly certain: readonly string[];
  /** Downloads that broke off, of blobs that nobody speaks of now: whoever did may come back. */
  readonly doubtful: readonly string[];
}

/** Finds what a revocation or a removed seed left behind while nothing was under way. Pure. */
export function findLeftovers(
  names: readonly string[],
  { isUsed, isLive, isRevoked }: LeftoverFacts,
): Leftovers {
  const beside = names.flatMap((name) => {
    const [, sha256 = "", kind] = name.match(BESIDE_A_BLOB) ?? [];
    return sha256 === "" || isUsed(sha256) ? [] : { name, sha256, kind };
  });
  const partials = beside.filter(({ kind }) => kind === "partial");
  const revoked = partials.filter(({ sha256 }) => isRevoked(sha256));
  const contents = new Set(names);
  for (const { name } of revoked) contents.delete(name);
  const orphans = beside.filter(({ kind, sha256 }) =>
    kind !== "partial" && !contents.has(sha256) && !contents.has(`${sha256}.partial`)
  );
  return {
    certain: [...revoked, ...orphans].map(({ name }) => name),
    doubtful: partials.filter(({ sha256 }) => !isRevoked(sha256) && !isLive(sha256))
      .map(({ name }) => name),
  };
}

/** Removes what {@linkcode findLeftovers} finds; what is in doubt once it is a week old. */
export async function clearLeftovers(
  { blobs }: SwarmPaths,
  facts: LeftoverFacts,
  nowMs: number,
): Promise<void> {
  const listed = await Array.fromAsync(Deno.readDir(blobs));
  // A link to a seed stands until the daemon has looked, and says nothing.
  const names = listed.filter(({ isSymlink }) => !isSymlink).map(({ name }) => name);
  const { certain, doubtful } = findLeftovers(names, facts);
  for (const name of certain) await removeIfPresent(join(blobs, name));
  for (const name of doubtful) {
    const path = join(blobs, name);
    const { mtime } = await Deno.lstat(path);
    if (nowMs - (mtime?.getTime() ?? 0) > REVOKED_HORIZON_MS) await removeIfPresent(path);
  }
}

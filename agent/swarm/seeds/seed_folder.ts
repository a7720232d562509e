import { isLabel } from "../../../shared/swarm/manifest_entry.ts";
import {
  MAX_SWARM_FILE_BYTES,
  parseRetention,
  swarmFileSchema,
} from "../../../shared/swarm/retention.ts";
import { type FileIdentity, identityOf } from "./seed_record.ts";
import type { SwarmPaths } from "../swarm_paths.ts";

/** One file in `seed/` with its `.swarm`, as a scan found it. */
export interface FoundSeed {
  readonly name: string;
  readonly identity: FileIdentity;
  readonly target: string;
  readonly retentionSecs: number;
  /** When file and `.swarm` were last put there or changed, ms by the local clock. */
  readonly placedMs: number;
}

export interface SeedScan {
  readonly folder: { readonly device: number; readonly inode: number };
  readonly seeds: readonly FoundSeed[];
  /** Every name that is there, wanted or not: a file with a broken `.swarm` is not a removed one. */
  readonly names: ReadonlySet<string>;
  /** Files that are no seeds although they seem meant to be. */
  readonly problems: readonly { readonly label: string; readonly reason: string }[];
}

/** Seeds in one folder; each costs a few reads per scan. */
const MAX_SEEDS = 1000;
/** Ending of the file that makes a seed of the one beside it. */
export const SWARM_SUFFIX = ".swarm";

/**
 * Lists what lies in `seed/`. Dot-files are never looked at, links are not followed.
 *
 * @throws {Error} if the folder cannot be read as a whole: nothing may be concluded from such a scan.
 */
export async function scanSeedFolder(paths: SwarmPaths): Promise<SeedScan> {
  const { dev, ino } = await Deno.lstat(paths.seed);
  const names = new Set<string>();
  for await (const { name } of Deno.readDir(paths.seed)) {
    if (!name.startsWith(".")) names.add(name);
  }
  const seeds: FoundSeed[] = [];
  const problems: { label: string; reason: string }[] = [];
  const candidates = [...names].filter((name) =>
    !name.endsWith(SWARM_SUFFIX) && names.has(name + SWARM_SUFFIX)
  ).sort();
  for (const name of candidates.slice(0, MAX_SEEDS)) {
    const found = await readSeed(paths, name);
    if (typeof found === "string") problems.push({ label: name, reason: found });
    else seeds.push(found);
  }
  for (const name of names) {
    const lacks = missingHalf(name, names);
    if (lacks !== undefined) problems.push(lacks);
  }
  for (const name of candidates.slice(MAX_SEEDS)) {
    problems.push({ label: name, reason: `seed/ holds more than ${MAX_SEEDS} seeds` });
  }
  return { folder: { device: dev, inode: ino ?? 0 }, seeds, names, problems };
}

/** Says so if a name lacks the other half of a seed: the file, or its `.swarm`. */
function missingHalf(
  name: string,
  names: ReadonlySet<string>,
): { readonly label: string; readonly reason: string } | undefined {
  if (!name.endsWith(SWARM_SUFFIX)) {
    if (names.has(name + SWARM_SUFFIX)) return undefined;
    return { label: name, reason: `${name}${SWARM_SUFFIX} is missing` };
  }
  const label = name.slice(0, -SWARM_SUFFIX.length);
  if (label === "" || names.has(label)) return undefined;
  return { label, reason: `there is ${name} and no ${label}` };
}

/** Reads one seed, or says what is wrong with it. */
async function readSeed(paths: SwarmPaths, name: string): Promise<FoundSeed | string> {
  if (!isLabel(name)) return "the file name is no usable label";
  try {
    const info = await Deno.lstat(paths.seedFile(name));
    if (!info.isFile) return "not a regular file";
    const sidecar = paths.seedFile(name + SWARM_SUFFIX);
    const { isFile, size, ctime } = await Deno.lstat(sidecar);
    if (!isFile || size > MAX_SWARM_FILE_BYTES) return `${name}.swarm is no small regular file`;
    const content = parseJson(await Deno.readTextFile(sidecar));
    if (content === undefined) return `${name}.swarm is not JSON`;
    const wanted = swarmFileSchema.safeParse(content);
    if (!wanted.success) {
      const [issue] = wanted.error.issues;
      return `${name}.swarm: ${[...issue?.path ?? [], issue?.message].join(": ")}`;
    }
    const { target, retention } = wanted.data;
    const retentionSecs = parseRetention(retention) ?? 0;
    const identity = identityOf(info);
    const placedMs = Math.max(identity.changedMs, ctime?.getTime() ?? 0);
    return { name, identity, target, retentionSecs, placedMs };
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    // What stands for bytes that are no text does not lead back to the file.
    return name.includes("\ufffd")
      ? "the file name is not UTF-8"
      : "it vanished while it was looked at";
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

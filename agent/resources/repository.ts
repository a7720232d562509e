import { dirname } from "node:path";
import { MAX_OPENPGP_BYTES } from "../../shared/crypto/openpgp_key.ts";
import {
  findKeyFault,
  type PresentRepository,
  type RepositoryParams,
  repositorySchema,
} from "../../shared/config/resources/repository.ts";
import type { Entry } from "../system/files.ts";
import type { PackageSources, SourceFile } from "../system/packages/package_sources.ts";
import { diffContent, MAX_DIFFED_BYTES } from "./content_diff.ts";
import { attributeDifferences, inTheWay } from "./ownership.ts";
import {
  type ApplyContext,
  type Change,
  differences,
  type Finding,
  type ResourceType,
  unknown,
} from "./resource.ts";

/** Programs that fetch packages give up root's rights, and have to read both files all the same. */
const FILE_MODE = 0o644;
const FOLDER_MODE = 0o755;

/**
 * A source of packages with the key that signs it. Its index is fetched as soon as its files are in place. If that cannot be
 * done they are taken out again, or put back as they were: one broken source keeps some package managers from using all others.
 */
export const repository: ResourceType<RepositoryParams> = {
  type: "repository",
  schema: repositorySchema,
  check,
  apply,
};

async function check(params: RepositoryParams, context: ApplyContext): Promise<Finding> {
  const choice = await chooseSources(params, context);
  if (!choice.ok) return unknown(choice.reason);
  if (params.ensure === "absent") {
    const found = await existing(choice.sources.paths(params), context);
    return differences(found.map((path) => `${path}: file → absent`));
  }
  const described = await describe(params, choice.sources, context);
  if (!described.ok) return unknown(described.reason);
  const lines: string[] = [];
  for (const file of described.files) {
    const found = await context.files.inspect(file.path);
    if (found !== undefined && found.kind !== "file") {
      return unknown(inTheWay(file.path, found, "a file"));
    }
    lines.push(...await differencesOf(file, found, context));
  }
  const stale = await stalePaths(params, described.files, choice.sources, context);
  return differences([...lines, ...stale.map((path) => `${path}: file → absent`)]);
}

async function apply(params: RepositoryParams, context: ApplyContext): Promise<Change> {
  const choice = await chooseSources(params, context);
  if (!choice.ok) throw new Error(choice.reason);
  const { sources } = choice;
  if (params.ensure === "absent") {
    await remove(await existing(sources.paths(params), context), context);
    return "deleted";
  }
  const described = await describe(params, sources, context);
  if (!described.ok) throw new Error(described.reason);
  const before = await remember(described.files, context);
  for (const { path, text } of described.files) {
    await context.snapshots.keep(path);
    await makeParents(path, context);
    await write(path, new TextEncoder().encode(text), context);
  }
  if (params.enabled) await refreshOrRestore(params, sources, before, context);
  await remove(await stalePaths(params, described.files, sources, context), context);
  return before.some(({ content }) => content !== undefined) ? "updated" : "created";
}

type SourcesChoice =
  | { readonly ok: true; readonly sources: PackageSources }
  | { readonly ok: false; readonly reason: string };

async function chooseSources(
  { provider }: RepositoryParams,
  { packages }: ApplyContext,
): Promise<SourcesChoice> {
  const choice = await packages.choose(provider);
  if (!choice.ok) return choice;
  const { name, sources } = choice.provider;
  return sources === undefined
    ? { ok: false, reason: `${name} keeps no file for each of its sources; manage its own files` }
    : { ok: true, sources };
}

async function describe(
  params: PresentRepository,
  sources: PackageSources,
  { files }: ApplyContext,
): Promise<ReturnType<PackageSources["describe"]>> {
  const described = sources.describe(params);
  const { key_file, fingerprint } = params;
  if (!described.ok || key_file === undefined) return described;
  const found = await files.inspect(key_file);
  if (found?.kind !== "file") {
    return { ok: false, reason: `key_file "${key_file}" is not a file on this machine` };
  }
  const fault = findKeyFault(await files.read(key_file, MAX_OPENPGP_BYTES), fingerprint);
  return fault === undefined
    ? described
    : { ok: false, reason: `key_file "${key_file}": ${fault}` };
}

async function differencesOf(
  { path, text }: SourceFile,
  found: Entry | undefined,
  { files, self }: ApplyContext,
): Promise<readonly string[]> {
  const after = new TextEncoder().encode(text);
  if (found === undefined) return [diffContent(path, undefined, after)];
  const attributes = attributeDifferences(path, found, { mode: FILE_MODE, ...self });
  if (found.kind !== "file" || found.sizeBytes > MAX_DIFFED_BYTES) {
    return [`${path}: file → file of ${after.length} bytes`, ...attributes];
  }
  const content = await files.read(path, MAX_DIFFED_BYTES);
  const isSame = new TextDecoder().decode(content) === text;
  return isSame ? attributes : [diffContent(path, content, after), ...attributes];
}

async function existing(
  paths: readonly string[],
  { files }: ApplyContext,
): Promise<readonly string[]> {
  const found: string[] = [];
  for (const path of paths) {
    const entry = await files.inspect(path);
    // A folder of that name is nobody's source.
    if (entry !== undefined && entry.kind !== "directory") found.push(path);
  }
  return found;
}

/** What an earlier form of the source left: the key that it does not have any more. */
function stalePaths(
  params: PresentRepository,
  described: readonly SourceFile[],
  sources: PackageSources,
  context: ApplyContext,
): Promise<readonly string[]> {
  const used = [params.key_file, ...described.map(({ path }) => path)];
  return existing(sources.paths(params).filter((path) => !used.includes(path)), context);
}

async function remove(
  paths: readonly string[],
  { files, snapshots }: ApplyContext,
): Promise<void> {
  for (const path of paths) {
    await snapshots.keep(path);
    await files.removeFile(path);
  }
}

interface Remembered {
  readonly path: string;
  /** `undefined` if there was no file. */
  readonly content: Uint8Array | undefined;
}

async function remember(
  described: readonly SourceFile[],
  { files }: ApplyContext,
): Promise<readonly Remembered[]> {
  const remembered: Remembered[] = [];
  for (const { path } of described) {
    const isThere = (await files.inspect(path))?.kind === "file";
    const content = isThere ? await files.read(path, MAX_OPENPGP_BYTES) : undefined;
    remembered.push({ path, content });
  }
  return remembered;
}

async function refreshOrRestore(
  params: PresentRepository,
  sources: PackageSources,
  before: readonly Remembered[],
  context: ApplyContext,
): Promise<void> {
  try {
    await sources.refresh(params);
  } catch (error) {
    for (const { path, content } of before) {
      if (content === undefined) await context.files.removeFile(path);
      else await write(path, content, context);
    }
    throw error;
  }
}

function write(path: string, content: Uint8Array, { files, self }: ApplyContext): Promise<void> {
  return files.writeFile(path, { content, mode: FILE_MODE, ...self });
}

async function makeParents(path: string, context: ApplyContext): Promise<void> {
  const parent = dirname(path);
  if (parent === path || await context.files.inspect(parent) !== undefined) return;
  await makeParents(parent, context);
  await context.files.makeDirectory(parent, FOLDER_MODE);
}

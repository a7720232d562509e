import { dirname } from "node:path";
import { type FileParams, fileSchema } from "../../shared/config/resources/file.ts";
import { type Sha256, sha256Hex } from "../../shared/crypto/sha256.ts";
import type { Attributes, Entry } from "../system/files.ts";
import { approval } from "./approval.ts";
import { diffContent, MAX_DIFFED_BYTES } from "./content_diff.ts";
import { GROUP_AND_OTHERS, isPlanted, OTHERS } from "./kept_owner.ts";
import { attributeDifferences, inTheWay, resolveOwnership } from "./ownership.ts";
import {
  type ApplyContext,
  type Change,
  differences,
  type Finding,
  IN_SYNC,
  type ResourceType,
  unknown,
} from "./resource.ts";

/** Largest file on the envoy that serves as a source, and largest one that is copied as a backup. */
const MAX_SOURCE_BYTES = 64 * 1024 * 1024;
const BACKUP_SUFFIX = ".vigo-backup";

type PresentParams = Extract<FileParams, { ensure: "present" }>;

/**
 * A regular file. It is compared by size first and by SHA-256 only if the sizes agree, and replaced in one step. A
 * symbolic link in its place is replaced, never followed; a folder is for a person to decide about.
 */
export const file: ResourceType<FileParams> = { type: "file", schema: fileSchema, check, apply };

async function check(params: FileParams, context: ApplyContext): Promise<Finding> {
  const { path } = params;
  const found = await context.files.inspect(path);
  if (params.ensure === "absent") {
    if (found === undefined) return IN_SYNC;
    if (found.kind === "directory") return unknown(inTheWay(path, found, "a file"));
    return differences([await diffWith(undefined, found, path, context)]);
  }
  const plan = await planPresent(params, found, context);
  if (!plan.ok) return unknown(plan.reason);
  const { content, isSame, wanted } = plan;
  const lines: string[] = [];
  if (content !== undefined && !isSame) {
    const wantedBytes = await content.read();
    lines.push(await diffWith(wantedBytes, found, path, context));
  }
  if (found !== undefined && found.kind !== "symlink") {
    lines.push(...attributeDifferences(path, found, wanted));
  }
  return differences(lines);
}

async function apply(params: FileParams, context: ApplyContext): Promise<Change> {
  const { files, snapshots, self } = context;
  const { path } = params;
  const found = await files.inspect(path);
  if (params.ensure === "absent") {
    if (found === undefined) return "none";
    await keepOld(params, found, context);
    await files.removeFile(path);
    return "deleted";
  }
  const plan = await planPresent(params, found, context);
  if (!plan.ok) throw new Error(plan.reason);
  const { content, isSame, wanted } = plan;
  if (content === undefined) {
    if (found !== undefined) await files.setAttributes(path, wanted, found);
    return "updated";
  }
  if (found?.kind === "file" && !isSame) await keepOld(params, found, context);
  else await snapshots.keep(path);
  const folder = dirname(path);
  if (found === undefined && await files.inspect(folder) === undefined) {
    throw new Error(
      `Cannot write "${path}": there is no folder "${folder}". Add a directory resource for it`,
    );
  }
  await files.writeFile(path, {
    content: await content.read(),
    mode: wanted.mode ?? 0o644,
    uid: wanted.uid ?? ownerOf(found)?.uid ?? self.uid,
    gid: wanted.gid ?? ownerOf(found)?.gid ?? self.gid,
    ...approval(params.validate, context),
  });
  return found === undefined ? "created" : "updated";
}

interface Content {
  read(): Promise<Uint8Array>;
}

type Plan =
  | {
    readonly ok: true;
    /** What to write; `undefined` if the file stays. */
    readonly content: Content | undefined;
    /** Whether that is what the file holds already. */
    readonly isSame: boolean;
    readonly wanted: Partial<Attributes>;
  }
  | { readonly ok: false; readonly reason: string };

async function planPresent(
  params: PresentParams,
  found: Entry | undefined,
  context: ApplyContext,
): Promise<Plan> {
  const ownership = await resolveOwnership(params, context);
  if (!ownership.ok) return ownership;
  const { wanted } = ownership;
  if (found?.kind === "directory" || found?.kind === "other") {
    return { ok: false, reason: inTheWay(params.path, found, "a file") };
  }
  if (params.content === undefined && params.source === undefined) {
    if (found?.kind === "symlink") {
      return { ok: false, reason: inTheWay(params.path, found, "a file") };
    }
    const empty = { read: () => Promise.resolve(new Uint8Array()) };
    const content = found === undefined ? empty : undefined;
    return { ok: true, content, isSame: found !== undefined, wanted };
  }
  const source = await openSource(params, context);
  if (!source.ok) return source;
  const isSame = found?.kind === "file" && found.sizeBytes === source.sizeBytes &&
    await context.files.sha256(params.path) === await source.sha256();
  const attributes = { ...await ownerUnlessGiven(params, wanted, found, context), ...wanted };
  const stays = isSame && !losesWriters(found, attributes);
  return { ok: true, content: stays ? undefined : source, isSame, wanted: attributes };
}

/** Who could write to a file may have it open still, and would change it after it was compared. */
function losesWriters(found: Attributes, wanted: Partial<Attributes>): boolean {
  const { mode = found.mode, uid = found.uid, gid = found.gid } = wanted;
  return uid !== found.uid || (found.mode & ~mode & GROUP_AND_OTHERS) !== 0 ||
    gid !== found.gid && (found.mode & GROUP_AND_OTHERS & ~OTHERS) !== 0;
}

/** Whoever put a file where we are to write gets none of it: it becomes the agent's, unless its owner is the wanted one. */
async function ownerUnlessGiven(
  { path, owner, group }: PresentParams,
  wanted: Partial<Attributes>,
  found: Entry | undefined,
  context: ApplyContext,
): Promise<Partial<Attributes>> {
  if (found?.kind !== "file" || owner !== undefined && group !== undefined) return {};
  if (found.uid === wanted.uid) return {};
  if (!await isPlanted(path, found, GROUP_AND_OTHERS, context)) return {};
  const { uid, gid } = context.self;
  return { ...(owner === undefined ? { uid } : {}), ...(group === undefined ? { gid } : {}) };
}

type Source =
  | (Content & {
    readonly ok: true;
    readonly sizeBytes: number;
    sha256(): Promise<Sha256>;
  })
  | { readonly ok: false; readonly reason: string };

async function openSource(params: PresentParams, { files }: ApplyContext): Promise<Source> {
  const { source } = params;
  if (source === undefined) {
    const content = new TextEncoder().encode(params.content ?? "");
    return {
      ok: true,
      sizeBytes: content.length,
      sha256: () => Promise.resolve(sha256Hex(content)),
      read: () => Promise.resolve(content),
    };
  }
  if (!source.startsWith("/")) {
    return { ok: false, reason: `template "${source}" was not rendered by the server` };
  }
  const found = await files.inspect(source);
  if (found?.kind !== "file") {
    return { ok: false, reason: `source "${source}" is not a file on this machine` };
  }
  if (found.sizeBytes > MAX_SOURCE_BYTES) {
    return { ok: false, reason: `source "${source}" has more than ${MAX_SOURCE_BYTES} bytes` };
  }
  return {
    ok: true,
    sizeBytes: found.sizeBytes,
    sha256: () => files.sha256(source),
    read: () => files.read(source, MAX_SOURCE_BYTES),
  };
}

async function diffWith(
  after: Uint8Array | undefined,
  found: Entry | undefined,
  path: string,
  { files }: ApplyContext,
): Promise<string> {
  if (found === undefined) return diffContent(path, undefined, after);
  const replacement = after === undefined ? "absent" : `file of ${after.length} bytes`;
  if (found.kind === "symlink") return `${path}: link to ${found.target} → ${replacement}`;
  if (found.kind !== "file") return `${path}: device, socket or pipe → ${replacement}`;
  if (found.sizeBytes > MAX_DIFFED_BYTES) {
    return `${path}: file of ${found.sizeBytes} bytes → ${replacement}`;
  }
  return diffContent(path, await files.read(path, MAX_DIFFED_BYTES), after);
}

async function keepOld(params: FileParams, found: Entry, context: ApplyContext): Promise<void> {
  await context.snapshots.keep(params.path);
  if (!params.backup || found.kind !== "file") return;
  const old = await context.files.readWithEntry(params.path, MAX_SOURCE_BYTES);
  if (old === undefined) return;
  const { content, entry: { mode, uid, gid } } = old;
  await context.files.writeFile(`${params.path}${BACKUP_SUFFIX}`, { content, mode, uid, gid });
}

/** The owner of a link says nothing about the owner of the file that replaces it. */
function ownerOf(found: Entry | undefined): Entry | undefined {
  return found?.kind === "file" ? found : undefined;
}

import { join } from "node:path";
import { type ArchiveParams, archiveSchema } from "../../shared/config/resources/archive.ts";
import type { UnpackedFile, UnpackedRecord } from "../system/archives/unpacked_record.ts";
import { type Owner, recordsOf, show, unpackArchive } from "./archive_unpack.ts";
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

/** Most files that a diff names one by one. */
const MAX_SHOWN = 20;

/**
 * The files of an archive below a folder. What was unpacked is remembered with size and SHA-256, so that a file that was
 * changed or removed is found; the archive itself is not needed for that. Files that an older archive left stay.
 */
export const archive: ResourceType<ArchiveParams> = {
  type: "archive",
  schema: archiveSchema,
  check,
  apply,
};

async function check(params: ArchiveParams, context: ApplyContext): Promise<Finding> {
  const { files } = context;
  const { path, source, creates } = params;
  if (creates !== undefined && await files.inspect(creates) !== undefined) return IN_SYNC;
  const owner = await resolveOwner(params, context);
  if (!owner.ok) return unknown(owner.reason);
  const found = await files.inspect(path);
  if (found !== undefined && found.kind !== "directory") {
    return unknown(inTheWay(path, found, "a folder"));
  }
  const plan = await planUnpacking(params, context);
  if (!plan.ok) return unknown(plan.reason);
  if (plan.record === undefined || creates !== undefined) {
    return differences([`${path}: unpack ${show(source)}`]);
  }
  const lines = await changedEntries(path, plan.record, owner.owner, context);
  const more = lines.length - MAX_SHOWN;
  return differences(more > 0 ? [...lines.slice(0, MAX_SHOWN), `and ${more} more`] : lines);
}

async function apply(params: ArchiveParams, context: ApplyContext): Promise<Change> {
  const { path, source } = params;
  const owner = await resolveOwner(params, context);
  if (!owner.ok) throw new Error(owner.reason);
  const plan = await planUnpacking(params, context);
  if (!plan.ok) throw new Error(plan.reason);
  const isNew = await context.files.inspect(path) === undefined;
  const record = await unpackArchive(params, owner.owner, plan.sourceStamp, context);
  await recordsOf(context).save(path, source, record);
  if (params.creates === undefined) return isNew ? "created" : "updated";
  if (await context.files.inspect(params.creates) !== undefined) {
    return isNew ? "created" : "updated";
  }
  throw new Error(`${show(source)} was unpacked, but "${params.creates}" is not in it`);
}

type Plan =
  | {
    readonly ok: true;
    /** Of the archive that is wanted, as it was unpacked; `undefined` if it never was. */
    readonly record: UnpackedRecord | undefined;
    readonly sourceStamp: string | undefined;
  }
  | { readonly ok: false; readonly reason: string };

async function planUnpacking(params: ArchiveParams, context: ApplyContext): Promise<Plan> {
  const { files } = context;
  const { path, source, sha256, strip_components: strip } = params;
  const record = await recordsOf(context).load(path, source);
  const isKnown = record?.strip === strip;
  if (isKnown && sha256 === record.sha256) return { ok: true, record, sourceStamp: undefined };
  if (!source.startsWith("/")) return { ok: true, record: undefined, sourceStamp: undefined };
  const found = await files.inspect(source);
  if (found?.kind !== "file") {
    return { ok: false, reason: `source "${source}" is not a file on this machine` };
  }
  const sourceStamp = found.stamp;
  const isSame = isKnown && sha256 === undefined &&
    (record.sourceStamp === sourceStamp || record.sha256 === await files.sha256(source));
  return { ok: true, record: isSame ? record : undefined, sourceStamp };
}

async function changedEntries(
  path: string,
  { entries }: UnpackedRecord,
  owner: Owner,
  context: ApplyContext,
): Promise<readonly string[]> {
  const lines: string[] = [];
  for (const entry of entries) {
    const at = join(path, entry.path);
    const found = await context.files.inspect(at);
    if (found === undefined) lines.push(`${at}: absent → ${entry.kind}`);
    else if (entry.kind === "directory") {
      if (found.kind !== "directory" && found.kind !== "symlink") {
        lines.push(`${at}: ${found.kind} → directory`);
      }
    } else if (found.kind !== "file") lines.push(`${at}: ${found.kind} → file`);
    else {
      if (!await isContentSame(at, found, entry, context)) {
        lines.push(`${at}: content changed → as in the archive`);
      }
      lines.push(...attributeDifferences(at, found, { mode: entry.mode, ...owner }));
    }
  }
  return lines;
}

async function isContentSame(
  path: string,
  found: { readonly sizeBytes: number; readonly stamp: string },
  entry: UnpackedFile,
  { files }: ApplyContext,
): Promise<boolean> {
  if (found.stamp === entry.stamp) return true;
  return found.sizeBytes === entry.sizeBytes && await files.sha256(path) === entry.sha256;
}

type OwnerChoice =
  | { readonly ok: true; readonly owner: Owner }
  | { readonly ok: false; readonly reason: string };

async function resolveOwner(
  { owner, group }: ArchiveParams,
  context: ApplyContext,
): Promise<OwnerChoice> {
  const ownership = await resolveOwnership({ owner, group }, context);
  if (!ownership.ok) return ownership;
  const { uid = context.self.uid, gid = context.self.gid } = ownership.wanted;
  return { ok: true, owner: { uid, gid } };
}

import { type MountParams, mountSchema } from "../../shared/config/resources/mount.ts";
import {
  findFstabEntries,
  formatFstabEntry,
  type FstabEntry,
  removeFstabEntries,
  setFstabEntry,
} from "../system/mounts/fstab.ts";
import type { Mounted, MountTable } from "../system/mounts/mount_table.ts";
import { isBindMount, missingOptions } from "./mount_options.ts";
import {
  type ApplyContext,
  type Change,
  differences,
  type Finding,
  type ResourceType,
  unknown,
} from "./resource.ts";
import { readOptional, replaceText } from "./system_file.ts";

/** Far above any table of file systems seen. */
const MAX_FSTAB_BYTES = 1024 * 1024;
/** Most mounts on one point that are taken away in one run; more is a mistake that repeats itself. */
const MAX_STACKED = 16;
const FOLDER_MODE = 0o755;

type DescribedParams = Exclude<MountParams, { ensure: "absent" }>;

/** A line of `/etc/fstab`, and whether and how the file system is mounted. */
export const mount: ResourceType<MountParams> = {
  type: "mount",
  schema: mountSchema,
  check,
  apply,
};

async function check(params: MountParams, context: ApplyContext): Promise<Finding> {
  const { mounts } = context.host;
  if (!mounts.ok) return unknown(mounts.reason);
  const { path } = params;
  const entries = findFstabEntries(await readFstab(context), path);
  if (params.ensure === "absent") {
    const mounted = await mounts.provider.find(path);
    return differences([
      ...entries.map((entry) => `${fstabOf(context)}: ${formatFstabEntry(entry)} → absent`),
      ...(mounted === undefined ? [] : [`${path}: ${describe(mounted)} → not mounted`]),
    ]);
  }
  if (entries.length > 1) {
    return unknown(`${fstabOf(context)} has ${entries.length} lines for "${path}"; keep one`);
  }
  const plan = await planMounted(params, mounts.provider);
  return differences([...fstabDifferences(params, entries, context), ...plan.lines]);
}

async function apply(params: MountParams, context: ApplyContext): Promise<Change> {
  const { mounts } = context.host;
  if (!mounts.ok) throw new Error(mounts.reason);
  const { provider } = mounts;
  const { path } = params;
  const text = await readFstab(context);
  const entries = findFstabEntries(text, path);
  if (params.ensure === "absent") {
    await unmountAll(path, provider);
    if (entries.length > 0) await writeFstab(removeFstabEntries(text, path), context);
    return "deleted";
  }
  if (fstabDifferences(params, entries, context).length > 0) {
    await writeFstab(setFstabEntry(text, entryOf(params)), context);
  }
  const plan = await planMounted(params, provider);
  if (plan.unmount) await unmountAll(path, provider);
  if (plan.mount) {
    await makeMountPoint(params, context);
    await provider.mount(path);
  }
  if (plan.remount.length > 0) await provider.remount(path, plan.remount);
  return entries.length === 0 ? "created" : "updated";
}

interface MountPlan {
  readonly lines: readonly string[];
  readonly unmount: boolean;
  readonly mount: boolean;
  readonly remount: readonly string[];
}

const NOTHING: MountPlan = { lines: [], unmount: false, mount: false, remount: [] };

async function planMounted(params: DescribedParams, table: MountTable): Promise<MountPlan> {
  const { path, device, fstype, options, ensure } = params;
  if (ensure === "present") return NOTHING;
  const mounted = await table.find(path);
  if (ensure === "unmounted") {
    if (mounted === undefined) return NOTHING;
    return { ...NOTHING, unmount: true, lines: [`${path}: ${describe(mounted)} → not mounted`] };
  }
  const wanted = `${device} (${fstype})`;
  if (mounted === undefined) {
    return { ...NOTHING, mount: true, lines: [`${path}: not mounted → ${wanted}`] };
  }
  const isBind = isBindMount(options);
  const isType = isBind || fstype === "auto" || fstype === mounted.fstype ||
    // What is asked for as nfs, fuse or the like is shown with its version or its program.
    mounted.fstype.startsWith(fstype);
  if (!isType || !await table.shows(path, device, { isBind })) {
    return {
      ...NOTHING,
      unmount: true,
      mount: true,
      lines: [`${path}: ${describe(mounted)} → ${wanted}`],
    };
  }
  const missing = missingOptions(options, mounted);
  if (missing.length === 0) return NOTHING;
  return {
    ...NOTHING,
    remount: [...(isBind ? ["bind"] : []), ...kept(options), ...missing],
    lines: [`${path}: mount with ${missing.join(",")}`],
  };
}

/** The options of a mount that is mounted again: what only says how the first one is made is left out. */
function kept(options: readonly string[]): readonly string[] {
  const isForStart = /^(defaults|r?bind|noauto|auto|nofail|_netdev|users?|x-.*|comment=.*)$/;
  return options.filter((option) => !isForStart.test(option));
}

function fstabDifferences(
  params: DescribedParams,
  [found]: readonly FstabEntry[],
  context: ApplyContext,
): readonly string[] {
  const before = found && formatFstabEntry(found);
  const after = formatFstabEntry(entryOf(params));
  return before === after ? [] : [`${fstabOf(context)}: ${before ?? "absent"} → ${after}`];
}

function entryOf({ device, path, fstype, options, dump, pass }: DescribedParams): FstabEntry {
  return { device, path, fstype, options, dump, pass };
}

async function unmountAll(path: string, table: MountTable): Promise<void> {
  for (let count = 0; count < MAX_STACKED && await table.find(path) !== undefined; count++) {
    await table.unmount(path);
  }
}

async function makeMountPoint(
  { path, device, options }: DescribedParams,
  { files }: ApplyContext,
): Promise<void> {
  if (await files.inspect(path) !== undefined) return;
  const source = isBindMount(options) ? await files.inspect(device) : undefined;
  if (source?.kind === "file") {
    throw new Error(`Cannot mount "${device}": there is no file "${path}". Add a file resource`);
  }
  await files.makeDirectory(path, FOLDER_MODE);
}

function readFstab(context: ApplyContext): Promise<string> {
  return readOptional(fstabOf(context), MAX_FSTAB_BYTES, context).then((text) => text ?? "");
}

async function writeFstab(text: string, context: ApplyContext): Promise<void> {
  await replaceText(fstabOf(context), text, context);
  if (context.host.mounts.ok) await context.host.mounts.provider.noticeFstab();
}

function fstabOf({ etcFolder }: ApplyContext): string {
  return `${etcFolder}/fstab`;
}

function describe({ device, fstype }: Mounted): string {
  return `${device} (${fstype})`;
}

import type { Attributes, Entry } from "../system/files.ts";
import type { ApplyContext } from "./resource.ts";

/** The parameters that say who owns something and who may use it. */
export interface OwnershipParams {
  readonly mode?: string | undefined;
  readonly owner?: string | number | undefined;
  readonly group?: string | number | undefined;
}

export type Ownership =
  | { readonly ok: true; readonly wanted: Partial<Attributes> }
  | { readonly ok: false; readonly reason: string };

/** Turns names into numbers; a name that the machine does not know is a reason. */
export async function resolveOwnership(
  { mode, owner, group }: OwnershipParams,
  { accounts }: ApplyContext,
): Promise<Ownership> {
  const uid = typeof owner === "string" ? (await accounts.findUser(owner))?.uid : owner;
  if (owner !== undefined && uid === undefined) {
    return { ok: false, reason: `there is no user "${owner}" on this machine` };
  }
  const gid = typeof group === "string" ? (await accounts.findGroup(group))?.gid : group;
  if (group !== undefined && gid === undefined) {
    return { ok: false, reason: `there is no group "${group}" on this machine` };
  }
  return {
    ok: true,
    wanted: {
      ...(mode === undefined ? {} : { mode: Number.parseInt(mode, 8) }),
      ...(uid === undefined ? {} : { uid }),
      ...(gid === undefined ? {} : { gid }),
    },
  };
}

/** One line for each attribute that is not as wanted. */
export function attributeDifferences(
  path: string,
  found: Entry,
  wanted: Partial<Attributes>,
): string[] {
  const lines: string[] = [];
  if (wanted.mode !== undefined && wanted.mode !== found.mode) {
    lines.push(`${path}: mode ${formatMode(found.mode)} → ${formatMode(wanted.mode)}`);
  }
  if (wanted.uid !== undefined && wanted.uid !== found.uid) {
    lines.push(`${path}: owner ${found.uid} → ${wanted.uid}`);
  }
  if (wanted.gid !== undefined && wanted.gid !== found.gid) {
    lines.push(`${path}: group ${found.gid} → ${wanted.gid}`);
  }
  return lines;
}

export function formatMode(mode: number): string {
  return mode.toString(8).padStart(4, "0");
}

/** What is in the way, for a person to decide about. */
export function inTheWay(path: string, found: Entry, wanted: string): string {
  const kind = found.kind === "other" ? "a device, socket or pipe" : KINDS[found.kind];
  return `"${path}" is ${kind}, not ${wanted}; remove it or change the resource`;
}

const KINDS = { file: "a file", directory: "a folder", symlink: "a symbolic link" } as const;

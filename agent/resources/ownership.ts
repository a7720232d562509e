import type { Attributes, Entry } from "../system/files.ts";
import type { ApplyContext } from "./resource.ts";

/** The parameters that say who owns something and who may use it. */
export interface OwnershipParams {
  readonly mode?: string | undefined;
  readonly owner?: string | number | undefined;
  readonly group?: string | number | undefined;
}

/** Attributes as the system knows them. */
export interface WantedAttributes extends Partial<Attributes> {
  /** In a dry run: names that have no number yet, since a resource before this one would make them. */
  readonly foreseen?: { readonly owner?: string; readonly group?: string };
}

export type Ownership =
  | { readonly ok: true; readonly wanted: WantedAttributes }
  | { readonly ok: false; readonly reason: string };

/** Turns names into numbers; a name that the machine does not know is a reason. */
export async function resolveOwnership(
  { mode, owner, group }: OwnershipParams,
  { accounts, foreseen }: ApplyContext,
): Promise<Ownership> {
  const uid = typeof owner === "string" ? (await accounts.findUser(owner))?.uid : owner;
  const willBe = (type: "user" | "group", name: string | number | undefined) =>
    typeof name === "string" && foreseen?.has(type, name) === true ? name : undefined;
  const newOwner = uid === undefined ? willBe("user", owner) : undefined;
  if (owner !== undefined && uid === undefined && newOwner === undefined) {
    return { ok: false, reason: `there is no user "${owner}" on this machine` };
  }
  const gid = typeof group === "string" ? (await accounts.findGroup(group))?.gid : group;
  const newGroup = gid === undefined ? willBe("group", group) : undefined;
  if (group !== undefined && gid === undefined && newGroup === undefined) {
    return { ok: false, reason: `there is no group "${group}" on this machine` };
  }
  return {
    ok: true,
    wanted: {
      ...(mode === undefined ? {} : { mode: Number.parseInt(mode, 8) }),
      ...(uid === undefined ? {} : { uid }),
      ...(gid === undefined ? {} : { gid }),
      ...(newOwner === undefined && newGroup === undefined ? {} : {
        foreseen: {
          ...(newOwner === undefined ? {} : { owner: newOwner }),
          ...(newGroup === undefined ? {} : { group: newGroup }),
        },
      }),
    },
  };
}

/** One line for each attribute that is not as wanted. */
export function attributeDifferences(
  path: string,
  found: Entry,
  wanted: WantedAttributes,
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
  const { owner, group } = wanted.foreseen ?? {};
  if (owner !== undefined) lines.push(`${path}: owner ${found.uid} → ${owner}`);
  if (group !== undefined) lines.push(`${path}: group ${found.gid} → ${group}`);
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

import { dirname } from "node:path";
import type { Entry } from "../system/files.ts";
import { approval } from "./approval.ts";
import { diffContent } from "./content_diff.ts";
import type { Edited } from "./edits/text_lines.ts";
import { isPlanted, OTHERS } from "./kept_owner.ts";
import { inTheWay } from "./ownership.ts";
import {
  type ApplyContext,
  type Change,
  differences,
  type Finding,
  IN_SYNC,
  unknown,
} from "./resource.ts";

/** Largest file that is edited; what is larger is data. */
export const MAX_EDITED_BYTES = 4 * 1024 * 1024;
const NEW_FILE_MODE = 0o644;
const BYTE_ORDER_MARK = "\uFEFF";

/** A file of which a resource manages a part. */
export interface EditParams {
  readonly path: string;
  readonly ensure?: "present" | "absent";
  readonly create?: boolean;
  readonly validate?: string | undefined;
}

/** Makes a text what it should be. Pure, and an edit of its own result changes nothing. */
export type Edit = (text: string) => Edited;

/** What an edit would change. A missing file is in sync if the edit has nothing to put there. */
export async function checkEdit(
  params: EditParams,
  edit: Edit,
  context: ApplyContext,
): Promise<Finding> {
  const plan = await planEdit(params, edit, context);
  if (!plan.ok) return unknown(plan.reason);
  if (plan.after === undefined) return IN_SYNC;
  return differences([diffContent(params.path, plan.before, plan.after)]);
}

/** Replaces the file in one step; mode and owner stay as they are. */
export async function applyEdit(
  params: EditParams,
  edit: Edit,
  context: ApplyContext,
): Promise<Change> {
  const { files, snapshots, self } = context;
  const { path } = params;
  const plan = await planEdit(params, edit, context);
  if (!plan.ok) throw new Error(plan.reason);
  const { found, after } = plan;
  if (after === undefined) return "none";
  await snapshots.keep(path);
  await files.writeFile(path, {
    content: after,
    mode: found?.mode ?? NEW_FILE_MODE,
    uid: found?.uid ?? self.uid,
    gid: found?.gid ?? self.gid,
    ...approval(params.validate, context),
  });
  if (params.ensure === "absent") return "deleted";
  return found === undefined ? "created" : "updated";
}

type Plan =
  | {
    readonly ok: true;
    readonly found: Entry | undefined;
    readonly before: Uint8Array | undefined;
    /** What to write; `undefined` if there is nothing to change. */
    readonly after: Uint8Array | undefined;
  }
  | { readonly ok: false; readonly reason: string };

async function planEdit(
  { path, create = false }: EditParams,
  edit: Edit,
  context: ApplyContext,
): Promise<Plan> {
  const { files } = context;
  const found = await files.inspect(path);
  if (found === undefined) {
    const edited = edit("");
    if (!edited.ok) return edited;
    if (edited.text === "") return { ok: true, found, before: undefined, after: undefined };
    if (!create) {
      return { ok: false, reason: `there is no "${path}"; make it, or set create: true` };
    }
    const folder = dirname(path);
    const willBe = context.foreseen?.mayHaveFolder(folder) === true;
    if (!willBe && await files.inspect(folder) === undefined) {
      return { ok: false, reason: `there is no folder "${folder}" for "${path}"` };
    }
    return { ok: true, found, before: undefined, after: new TextEncoder().encode(edited.text) };
  }
  if (found.kind !== "file") return { ok: false, reason: inTheWay(path, found, "a file") };
  if (found.sizeBytes > MAX_EDITED_BYTES) {
    return { ok: false, reason: `"${path}" has more than ${MAX_EDITED_BYTES} bytes` };
  }
  const copy = await files.readWithEntry(path, MAX_EDITED_BYTES);
  if (copy === undefined) return { ok: false, reason: `"${path}" has gone meanwhile` };
  const { entry, content: before } = copy;
  const text = decode(before);
  if (text === undefined) return { ok: false, reason: `"${path}" is not UTF-8 text` };
  const mark = text.startsWith(BYTE_ORDER_MARK) ? BYTE_ORDER_MARK : "";
  const edited = edit(text.slice(mark.length));
  if (!edited.ok) return { ok: false, reason: `"${path}": ${edited.reason}` };
  const after = mark + edited.text;
  if (after !== text && await isPlanted(path, entry, OTHERS, context)) {
    return {
      ok: false,
      reason:
        `"${path}" belongs to uid ${entry.uid}, who may have put it there, since anybody may ` +
        `write to "${dirname(path)}"; change the owner of the file, or the mode of the folder`,
    };
  }
  return {
    ok: true,
    found: entry,
    before,
    after: after === text ? undefined : new TextEncoder().encode(after),
  };
}

function decode(content: Uint8Array): string | undefined {
  if (content.includes(0)) return undefined;
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(content);
  } catch {
    return undefined;
  }
}

import { type SymlinkParams, symlinkSchema } from "../../shared/config/resources/symlink.ts";
import { inTheWay } from "./ownership.ts";
import {
  type ApplyContext,
  type Change,
  differences,
  type Finding,
  IN_SYNC,
  type ResourceType,
  unknown,
} from "./resource.ts";

/** A symbolic link. Never replaces a file or folder: what is in the way is for a person to decide about. */
export const symlink: ResourceType<SymlinkParams> = {
  type: "symlink",
  schema: symlinkSchema,
  check,
  apply,
};

async function check(params: SymlinkParams, { files }: ApplyContext): Promise<Finding> {
  const found = await files.inspect(params.path);
  if (found !== undefined && found.kind !== "symlink") {
    return unknown(inTheWay(params.path, found, "a symbolic link"));
  }
  const wanted = params.ensure === "present" ? params.target : undefined;
  if (found?.target === wanted) return IN_SYNC;
  return differences([`${params.path}: ${found?.target ?? "absent"} → ${wanted ?? "absent"}`]);
}

async function apply(params: SymlinkParams, { files }: ApplyContext): Promise<Change> {
  if (params.ensure === "absent") {
    await files.removeFile(params.path);
    return "deleted";
  }
  const existed = await files.inspect(params.path) !== undefined;
  await files.writeSymlink(params.path, params.target);
  return existed ? "updated" : "created";
}

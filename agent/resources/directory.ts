import { dirname } from "node:path";
import { type DirectoryParams, directorySchema } from "../../shared/config/resources/directory.ts";
import { attributeDifferences, formatMode, inTheWay, resolveOwnership } from "./ownership.ts";
import {
  type ApplyContext,
  type Change,
  differences,
  type Finding,
  IN_SYNC,
  type ResourceType,
  unknown,
} from "./resource.ts";

const DEFAULT_MODE = 0o755;

/** A folder. What is in the way is for a person to decide about, and so is a folder to be removed that holds something. */
export const directory: ResourceType<DirectoryParams> = {
  type: "directory",
  schema: directorySchema,
  check,
  apply,
};

async function check(params: DirectoryParams, context: ApplyContext): Promise<Finding> {
  const { path } = params;
  const found = await context.files.inspect(path);
  if (found !== undefined && found.kind !== "directory") {
    return unknown(inTheWay(path, found, "a folder"));
  }
  if (params.ensure === "absent") {
    if (found === undefined) return IN_SYNC;
    const { length } = await context.files.list(path);
    if (length > 0 && !params.force) {
      return unknown(`"${path}" holds ${length} entries; empty it, or set force: true`);
    }
    return differences([`${path}: folder with ${length} entries → absent`]);
  }
  const ownership = await resolveOwnership(params, context);
  if (!ownership.ok) return unknown(ownership.reason);
  if (found !== undefined) return differences(attributeDifferences(path, found, ownership.wanted));
  return differences([
    `${path}: absent → folder, mode ${formatMode(ownership.wanted.mode ?? DEFAULT_MODE)}`,
  ]);
}

async function apply(params: DirectoryParams, context: ApplyContext): Promise<Change> {
  const { files } = context;
  const { path } = params;
  if (params.ensure === "absent") {
    await files.removeDirectory(path, { recursive: params.force });
    return "deleted";
  }
  const ownership = await resolveOwnership(params, context);
  if (!ownership.ok) throw new Error(ownership.reason);
  const { wanted } = ownership;
  const found = await files.inspect(path);
  if (found !== undefined) {
    if (found.kind !== "directory") throw new Error(inTheWay(path, found, "a folder"));
    await files.setAttributes(path, wanted, found);
    return "updated";
  }
  if (params.parents) await makeParents(path, context);
  await files.makeDirectory(path, wanted.mode ?? DEFAULT_MODE, wanted);
  return "created";
}

async function makeParents(path: string, context: ApplyContext): Promise<void> {
  const parent = dirname(path);
  if (parent === path || await context.files.inspect(parent) !== undefined) return;
  await makeParents(parent, context);
  await context.files.makeDirectory(parent, DEFAULT_MODE);
}

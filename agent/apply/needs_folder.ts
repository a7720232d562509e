import { dirname } from "node:path";
import type { BoundResource } from "../resources/bind_resource.ts";
import { unknown } from "../resources/resource.ts";

/** Types that make something at their `path` and nothing above it. */
const INTO_FOLDER: ReadonlySet<string> = new Set([
  "directory",
  "file",
  "git",
  "symlink",
]);

/**
 * The same resource for a dry run, which says so when the folder that it would write to is missing and nothing before it
 * would make one: a dry run must not promise what then fails. A real run tries, and the failure ends in its status.
 */
export function needsFolder(type: string, bound: BoundResource): BoundResource {
  const { path, ensure, parents } = bound.params;
  if (!INTO_FOLDER.has(type) || typeof path !== "string") return bound;
  if (ensure === "absent" || parents === true) return bound;
  return {
    ...bound,
    check: async (context) => {
      const finding = await bound.check(context);
      if (finding.kind !== "would_change") return finding;
      const folder = dirname(path);
      if (context.foreseen?.mayHaveFolder(folder) !== false) return finding;
      return await context.files.inspect(folder) === undefined
        ? unknown(`there is no folder "${folder}"; add a directory resource for it`)
        : finding;
    },
  };
}

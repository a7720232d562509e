import { join } from "node:path";
import type { ConvergeSet, ManagedResource } from "./converge_set.ts";

/**
 * Looks whether everything is as the set says, whatever a subject claims.
 *
 * @returns A text that stays the same as long as nobody replaces or rewrites anything.
 * @throws {Error} naming the first thing that differs.
 */
export async function verifySet({ resources }: ConvergeSet, root: string): Promise<string> {
  const contents = new Map(
    resources.flatMap((resource) =>
      resource.kind === "file" ? [[resource.path, resource.content]] : []
    ),
  );
  const stamps: string[] = [];
  for (const resource of resources) {
    const at = join(root, resource.path);
    const found = await Deno.lstat(at);
    verifyKind(resource, at, found);
    if (resource.kind === "symlink") {
      const target = await Deno.readLink(at);
      if (target !== resource.target) throw new Error(`${at} points to ${target}`);
    } else if (resource.kind !== "folder") {
      const wanted = contents.get(resource.kind === "file" ? resource.path : resource.from);
      if (await Deno.readTextFile(at) !== wanted) throw new Error(`${at} has other content`);
    }
    stamps.push(`${found.ino}:${found.mtime?.getTime()}`);
  }
  return stamps.join("\n");
}

/** A copy's mode is that of its source less the umask of whoever ran the command, so it is not looked at. */
function verifyKind(resource: ManagedResource, at: string, found: Deno.FileInfo): void {
  const kind = found.isSymlink ? "symlink" : found.isDirectory ? "folder" : "file";
  const wanted = resource.kind === "copy" ? "file" : resource.kind;
  if (kind !== wanted) throw new Error(`${at} is a ${kind}, not a ${wanted}`);
  if (!("mode" in resource)) return;
  const mode = ((found.mode ?? 0) & 0o7777).toString(8).padStart(4, "0");
  if (mode !== resource.mode) throw new Error(`${at} has mode ${mode}, not ${resource.mode}`);
}

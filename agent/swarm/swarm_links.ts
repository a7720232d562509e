import { join } from "node:path";
import { isSha256 } from "../../shared/crypto/sha256.ts";
import { isLabel } from "../../shared/swarm/manifest_entry.ts";
import type { SwarmLinks } from "./channel.ts";

/**
 * Makes the links in the engine's folder those that it asks for, and removes others. Runs in the daemon, since a worker
 * that is confined to a folder may not make links; so every name is checked again here, and only links are touched.
 *
 * @returns How many links were removed because nothing stands for them any more.
 */
export async function reconcileLinks(folder: string, links: SwarmLinks): Promise<number> {
  const files = new Map<string, string>();
  for (const [label, sha256] of Object.entries(links.files)) {
    if (isLabel(label) && isSha256(sha256)) files.set(label, `../.blobs/${sha256}`);
  }
  const seeds = new Map<string, string>();
  for (const [sha256, name] of Object.entries(links.seeds)) {
    if (isLabel(name) && isSha256(sha256)) seeds.set(sha256, `../seed/${name}`);
  }
  return await reconcile(join(folder, "files"), files) +
    await reconcile(join(folder, ".blobs"), seeds);
}

async function reconcile(folder: string, wanted: ReadonlyMap<string, string>): Promise<number> {
  const standing = new Map<string, string>();
  const occupied = new Set<string>();
  for await (const { name, isSymlink } of Deno.readDir(folder)) {
    if (isSymlink) standing.set(name, await Deno.readLink(join(folder, name)));
    else occupied.add(name);
  }
  let removed = 0;
  for (const name of standing.keys()) {
    if (wanted.has(name)) continue;
    await Deno.remove(join(folder, name));
    removed += 1;
  }
  for (const [name, target] of wanted) {
    // What a person put there stays; a received copy of a seed's content is as good as a link to it.
    if (standing.get(name) === target || occupied.has(name)) continue;
    const temporary = join(folder, `.tmp-${crypto.randomUUID()}`);
    await Deno.symlink(target, temporary);
    await Deno.rename(temporary, join(folder, name));
  }
  return removed;
}

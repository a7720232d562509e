import { lstatSync, readdirSync, rmdirSync, statSync, unlinkSync } from "node:fs";
import type { HeldFolder } from "./held_folder.ts";

interface Level {
  readonly name: string;
  readonly identity: string;
  /** What is still to be removed. */
  readonly names: string[];
}

/**
 * Removes all that is in a folder, through no link and into no other file system.
 *
 * However deep it goes, two folders are held at most. The way up is by `..`, so whoever moves a folder elsewhere meanwhile
 * makes this end instead of going on there.
 */
export function emptyFolder(parent: HeldFolder, name: string): void {
  const device = lstatSync(parent.child(name)).dev;
  let current = parent.openChild(name);
  try {
    const levels = [levelOf(current, name)];
    for (let level = levels.at(-1); level !== undefined; level = levels.at(-1)) {
      const entry = level.names.pop();
      if (entry !== undefined) {
        const at = current.child(entry);
        const found = lstatSync(at);
        if (found.dev !== device) throw Object.assign(new Error(entry), { code: "EXDEV" });
        if (found.isDirectory()) {
          current = replace(current, current.openChild(entry));
          levels.push(levelOf(current, entry));
        } else unlinkSync(at);
        continue;
      }
      levels.pop();
      const above = levels.at(-1);
      if (above === undefined) return;
      current = replace(current, current.openParent());
      if (identityOf(current) !== above.identity) {
        throw new Error(`"${level.name}" in it was moved meanwhile`);
      }
      rmdirSync(current.child(level.name));
    }
  } finally {
    current[Symbol.dispose]();
  }
}

function levelOf(folder: HeldFolder, name: string): Level {
  return { name, identity: identityOf(folder), names: readdirSync(folder.child(".")) };
}

function identityOf(folder: HeldFolder): string {
  const { dev, ino } = statSync(folder.child("."));
  return `${dev}:${ino}`;
}

function replace(held: HeldFolder, next: HeldFolder): HeldFolder {
  held[Symbol.dispose]();
  return next;
}

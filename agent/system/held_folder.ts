import { closeSync, constants, lstatSync, openSync, readlinkSync, realpathSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { geteuid, pid } from "node:process";
import { descriptorPath, judgeDescriptors } from "./descriptor_path.ts";
import { errorCode } from "./file_error.ts";

/** open(2) on Linux: the descriptor names a file without reading it, so no read permission is needed. */
const O_PATH = 0o10000000;
/** As many links as the kernel itself follows in one path (path_resolution(7)). */
const MAX_LINKS = 40;
/** Asked once: a part of every path would pay for it otherwise. */
const DESCRIPTORS = judgeDescriptors();

/**
 * A folder that stays the same one while it is held, whatever happens to its name.
 *
 * O_NOFOLLOW guards the last part of a path only, so the path is walked part by part, each opened from the one before. A
 * symbolic link on the way is followed if root or this process's user owns it (`/bin`, `/var/run`); anybody else's is
 * refused, since whoever may write above a managed file could otherwise aim root's writes anywhere. Where there is no
 * /proc (macOS) the same rules are checked, but the folder cannot be held against a race.
 *
 * All calls are synchronous: they touch names, not data, and cost microseconds where the asynchronous ones cost fifty.
 */
export class HeldFolder implements Disposable {
  private constructor(
    private readonly descriptor: number | undefined,
    private readonly at: string,
  ) {}

  /**
   * @throws a system error: ENOENT, ENOTDIR, EACCES or ELOOP; an error without code for a link that is not to be trusted, or
   * a runtime on which no folder can be held although the system would allow it.
   */
  static open(path: string): HeldFolder {
    let current = HeldFolder.hold("/");
    const parts = split(path);
    let links = 0;
    try {
      for (let part = parts.shift(); part !== undefined; part = parts.shift()) {
        const next = current.enter(part);
        if (next instanceof HeldFolder) {
          current[Symbol.dispose]();
          current = next;
          continue;
        }
        links += 1;
        if (links > MAX_LINKS) throw systemError("ELOOP", path);
        parts.unshift(...split(next.target));
        if (next.target.startsWith("/")) {
          current[Symbol.dispose]();
          current = HeldFolder.hold("/");
        }
      }
      return current;
    } catch (error) {
      current[Symbol.dispose]();
      throw error;
    }
  }

  /** The path of `name` in this folder, for calls of this process. */
  child(name: string): string {
    return join(this.at, name);
  }

  /**
   * The folder for other processes of this user, while it is held: by way of this process's descriptor, so that nobody who
   * renames it chooses what the path says or where it leads.
   */
  get path(): string {
    return this.descriptor === undefined
      ? realpathSync(this.at)
      : descriptorPath(this.descriptor, pid);
  }

  /** A folder in this one, never through a link. */
  openChild(name: string): HeldFolder {
    return HeldFolder.hold(this.child(name));
  }

  /** The folder that this one is in by now. */
  openParent(): HeldFolder {
    // Without /proc it must be taken from the name.
    return HeldFolder.hold(this.descriptor === undefined ? dirname(this.path) : `${this.at}/..`);
  }

  [Symbol.dispose](): void {
    if (this.descriptor !== undefined) closeSync(this.descriptor);
  }

  private static hold(path: string): HeldFolder {
    if (DESCRIPTORS === "astray") {
      throw new Error("this runtime's descriptors are not the system's. Use Deno 2.8 or newer");
    }
    if (DESCRIPTORS === "nowhere") {
      if (!lstatSync(path).isDirectory()) throw systemError("ENOTDIR", path);
      return new HeldFolder(undefined, path);
    }
    const descriptor = openSync(
      path,
      O_PATH | constants.O_DIRECTORY | constants.O_NOFOLLOW,
    );
    return new HeldFolder(descriptor, descriptorPath(descriptor));
  }

  private enter(part: string): HeldFolder | { readonly target: string } {
    // It comes from the target of a trusted link alone.
    if (part === "..") return this.openParent();
    const path = this.child(part);
    try {
      return HeldFolder.hold(path);
    } catch (error) {
      const code = errorCode(error);
      if (code !== "ENOTDIR" && code !== "ELOOP") throw error;
    }
    const found = lstatSync(path);
    if (!found.isSymbolicLink()) throw systemError("ENOTDIR", path);
    if (found.uid !== 0 && found.uid !== geteuid?.()) {
      throw new Error(`"${part}" in it is a symbolic link made by uid ${found.uid}, not by root`);
    }
    return { target: readlinkSync(path) };
  }
}

/** Uses what has a path, by way of its folder, which is held meanwhile. */
export function within<T>(path: string, use: (at: string) => T): T {
  if (path === "/") return use("/");
  using folder = HeldFolder.open(dirname(path));
  return use(folder.child(basename(path)));
}

/** What is open as `descriptor`, whatever has the name `path` by now; without /proc by that name all the same. */
export function heldPath(descriptor: number, path: string): string {
  return DESCRIPTORS === "there" ? descriptorPath(descriptor) : path;
}

function split(path: string): string[] {
  return path.split("/").filter((part) => part !== "" && part !== ".");
}

function systemError(code: string, path: string): Error {
  return Object.assign(new Error(`${code}: ${path}`), { code });
}

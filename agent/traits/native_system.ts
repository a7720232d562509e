import { type FileHandle, open, readdir, readlink, statfs } from "node:fs/promises";
import type { RootPaths } from "../../shared/platform/root_paths.ts";
import { errorCode } from "../system/file_error.ts";
import { LocalProcesses } from "../system/local_processes.ts";
import { describeFailure, ProgramNotFoundError } from "../system/processes.ts";
import type { FilesystemRoom, InterfaceAddress, TraitSystem } from "./collector.ts";

/** Largest file that a collector reads, in bytes: `/proc` has no such files, a bad link may lead to one. */
const MAX_FILE_BYTES = 4 * 1024 * 1024;
/** Most files of the kernel have less. */
const FIRST_READ_BYTES = 4 * 1024;
/** Most output of a program: a list of 10,000 packages has less than a megabyte. */
const MAX_OUTPUT_BYTES = 4 * 1024 * 1024;
/** A program ends early enough to be gone when the five seconds of a collection are over. */
export const PROGRAM_TIMEOUT_MS = 4_500;
/** From asking a program to end to ending it. */
export const KILL_GRACE_MS = 250;

/** What a path that is gone answers; a link in /sys may lead to a device that is, and a process may have ended. */
const GONE: ReadonlySet<string> = new Set([
  "ENOENT",
  "ENOTDIR",
  "ENODEV",
  "ENXIO",
  "ESRCH",
]);

/** The machine that this process runs on; accounts come from under `paths.root` when that has its own. */
export function nativeSystem(paths: RootPaths): TraitSystem {
  const platform = Deno.build.os === "darwin" ? "darwin" : "linux";
  return {
    platform,
    readText,
    list,
    readLink,
    readRoom,
    run,
    readAccounts: async (file) => {
      const rooted = await readText(paths.at(`/etc/${file}`));
      // Under a root that has no accounts of its own they are those of the machine.
      return rooted ?? (platform === "darwin" ? undefined : await readText(`/etc/${file}`));
    },
    hostname: () => Deno.hostname(),
    networkInterfaces,
    cpuCount: () => navigator.hardwareConcurrency,
    architecture: () => Deno.build.arch,
    kernelRelease: () => Deno.osRelease(),
    loadAverage: () => Deno.loadavg(),
    uptimeSeconds: () => Deno.osUptime(),
  };
}

/** Node's functions name the code of every failure; Deno's own leave out ESRCH, with which a process that has ended answers. */
async function readText(path: string): Promise<string | undefined> {
  try {
    const file = await open(path, "r");
    try {
      return new TextDecoder().decode(await readAll(file, path));
    } finally {
      await file.close();
    }
  } catch (error) {
    if (isNotThere(error)) return undefined;
    throw error;
  }
}

async function readAll(file: FileHandle, path: string): Promise<Uint8Array> {
  // Files of the kernel tell no size: they are read until nothing comes.
  let bytes = new Uint8Array(FIRST_READ_BYTES);
  for (let length = 0;;) {
    const { bytesRead } = await file.read(bytes, length);
    if (bytesRead === 0) return bytes.subarray(0, length);
    length += bytesRead;
    if (length > MAX_FILE_BYTES) {
      throw new Error(`Cannot read ${path}: it is larger than ${MAX_FILE_BYTES} bytes`);
    }
    if (length === bytes.length) {
      const larger = new Uint8Array(bytes.length * 4);
      larger.set(bytes);
      bytes = larger;
    }
  }
}

async function list(path: string): Promise<readonly string[]> {
  try {
    return await readdir(path);
  } catch (error) {
    if (isNotThere(error)) return [];
    throw error;
  }
}

async function readLink(path: string): Promise<string | undefined> {
  try {
    return await readlink(path);
  } catch (error) {
    // What is no link answers EINVAL.
    if (isNotThere(error) || errorCode(error) === "EINVAL") return undefined;
    throw error;
  }
}

async function readRoom(path: string): Promise<FilesystemRoom | undefined> {
  try {
    const { bsize, blocks, bfree, bavail, files, ffree } = await statfs(path);
    return {
      totalBytes: blocks * bsize,
      freeBytes: bfree * bsize,
      availableBytes: bavail * bsize,
      files,
      freeFiles: ffree,
    };
  } catch (error) {
    if (isNotThere(error)) return undefined;
    throw error;
  }
}

/** Nothing of this process's environment goes along, and whatever the program started ends with it. */
async function run(command: readonly string[], signal: AbortSignal): Promise<string | undefined> {
  const [program = "", ...args] = command;
  try {
    const result = await new LocalProcesses({ killGraceMs: KILL_GRACE_MS }).run({
      argv: [program, ...args],
      timeoutMs: PROGRAM_TIMEOUT_MS,
      maxOutputBytes: MAX_OUTPUT_BYTES,
      signal,
    });
    if (result.end !== "exited" || result.status !== 0) {
      throw new Error(describeFailure(program, result));
    }
    return result.stdout;
  } catch (error) {
    if (error instanceof ProgramNotFoundError) return undefined;
    throw error;
  }
}

function networkInterfaces(): readonly InterfaceAddress[] {
  return Deno.networkInterfaces().map(({ name, family, address, netmask, mac }) => ({
    name,
    family,
    address,
    netmask,
    mac,
  }));
}

function isNotThere(error: unknown): boolean {
  return GONE.has(errorCode(error) ?? "");
}

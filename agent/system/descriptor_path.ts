import { closeSync, constants, existsSync, openSync, readlinkSync } from "node:fs";
import { errorCode } from "./file_error.ts";

const DESCRIPTORS = descriptorsOf("self");
/** Something that this process has no other reason to keep open, so that no other descriptor leads to it. */
const PROBE = "/proc";

/** The path by which an open descriptor of a process is used as a folder (proc(5)); the runtime has no openat. */
export function descriptorPath(descriptor: number, processId: number | "self" = "self"): string {
  return `${descriptorsOf(processId)}/${descriptor}`;
}

/**
 * Where {@linkcode descriptorPath} leads: to what was opened; nowhere, without /proc (macOS); or astray, on a runtime that
 * numbers what it opens by itself, as Deno did before 2.8. There a write would hit whatever the system has under that number.
 *
 * @param open opens a folder and returns its descriptor; another one only to stand in for such a runtime.
 */
export function judgeDescriptors(
  open: (path: string) => number = openFolder,
): "there" | "nowhere" | "astray" {
  if (!existsSync(DESCRIPTORS)) return "nowhere";
  const descriptor = open(PROBE);
  try {
    return readlinkSync(descriptorPath(descriptor)) === PROBE ? "there" : "astray";
  } catch (error) {
    if (errorCode(error) !== "ENOENT") throw error;
    return "astray";
  } finally {
    closeSync(descriptor);
  }
}

function openFolder(path: string): number {
  return openSync(path, constants.O_RDONLY | constants.O_DIRECTORY);
}

function descriptorsOf(processId: number | "self"): string {
  return `/proc/${processId}/fd`;
}

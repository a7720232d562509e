import { NO_SNAPSHOTS } from "../../agent/apply/snapshot_store.ts";
import type { ApplyContext } from "../../agent/resources/resource.ts";
import { openLocalMachine } from "../../agent/system/local_machine.ts";
import type { Machine } from "../../agent/system/machine.ts";
import { sha256Hex } from "../../shared/crypto/sha256.ts";
import { runCommand, runOrThrow } from "./run_command.ts";

/** Set in a throw-away machine by who booted it. */
const PERMISSION = "VIGO_MAY_CHANGE_THIS_MACHINE";
/** Where types keep what they change, beside what the commands of a case print. */
const WATCHED_FOLDERS = [
  "/etc",
  "/srv",
  "/home",
  "/root/.ssh",
  "/var/spool/cron",
  "/var/lib/vigo",
  "/opt",
];
/** A larger file is told by its size and time. */
const MAX_HASHED_BYTES = 1024 * 1024;

/** The environment in which {@linkcode openRealMachine} opens the machine it runs on. */
export const REAL_MACHINE_PERMISSION = { [PERMISSION]: "yes" } as const;

/** The machine that this process runs on, for contract cases inside a machine that is thrown away. */
export interface RealMachine extends Machine {
  /** Commands whose output belongs to the fingerprint, such as `["systemctl", "show", "nginx"]`; cases add theirs. */
  readonly observed: string[][];
  context(overrides?: Partial<ApplyContext>): ApplyContext;
  /** Runs a command that has to succeed, and returns what it printed. */
  run(command: string, ...args: readonly string[]): Promise<string>;
  fingerprint(): Promise<string>;
}

/** @throws {Error} unless this is a throw-away machine: what happens here cannot be undone. */
export async function openRealMachine(): Promise<RealMachine> {
  if (Deno.env.get(PERMISSION) !== "yes") {
    throw new Error("Cannot exercise resource types here: this is no throw-away machine");
  }
  const machine = await openLocalMachine("/");
  const observed: string[][] = [];
  return {
    ...machine,
    observed,
    context: (overrides = {}) => ({
      ...machine,
      notified: false,
      signal: new AbortController().signal,
      snapshots: { keep: (path) => NO_SNAPSHOTS.keep("", path) },
      ...overrides,
    }),
    run: (command, ...args) => runOrThrow(command, args),
    fingerprint: () => fingerprint(observed),
  };
}

async function fingerprint(observed: readonly (readonly string[])[]): Promise<string> {
  const lines: string[] = [];
  for (const folder of WATCHED_FOLDERS) await describe(folder, lines);
  for (const [command = "true", ...args] of observed) {
    const { code, stdout } = await runCommand(command, args);
    lines.push(`${command} ${args.join(" ")}: ${code} ${stdout}`);
  }
  return lines.sort().join("\n");
}

async function describe(path: string, lines: string[]): Promise<void> {
  let found: Deno.FileInfo;
  try {
    found = await Deno.lstat(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return;
    throw error;
  }
  const { mode, uid, gid, size, mtime } = found;
  const content = found.isSymlink
    ? await Deno.readLink(path)
    : found.isFile && size <= MAX_HASHED_BYTES
    ? sha256Hex(await Deno.readFile(path))
    : found.isFile
    ? `${size} ${mtime?.getTime()}`
    : "";
  lines.push([path, mode, uid, gid, content].join("|"));
  if (!found.isDirectory) return;
  for await (const { name } of Deno.readDir(path)) await describe(`${path}/${name}`, lines);
}

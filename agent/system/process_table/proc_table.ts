import { open, readFile } from "node:fs/promises";
import { kill, pid, ppid } from "node:process";
import type { ProcessSignal } from "../../../shared/config/resources/process.ts";
import { errorCode, FileError } from "../file_error.ts";
import type { ProcessTable, RunningProcess } from "./process_table.ts";

/** As much of a command line as is read: a user may make it as long as the memory is large. */
const MAX_COMMAND_LINE_BYTES = 4096;
/** The kernel's mark of a file that has no name any more. */
const REPLACED = " (deleted)";

/** The processes of this Linux machine, read from /proc. */
export class ProcTable implements ProcessTable {
  readonly protectedPids = [1, pid, ppid];

  async list(): Promise<readonly RunningProcess[]> {
    const found: RunningProcess[] = [];
    for await (const { name } of Deno.readDir("/proc")) {
      if (!/^\d+$/.test(name)) continue;
      const process = await readProcess(Number(name));
      if (process !== undefined) found.push(process);
    }
    return found.sort((a, b) => a.pid - b.pid);
  }

  async executableOf({ pid, startedAt }: RunningProcess): Promise<string | undefined> {
    const link = `/proc/${pid}/exe`;
    try {
      const target = await Deno.readLink(link);
      const path = target.endsWith(REPLACED) ? target.slice(0, -REPLACED.length) : target;
      if (path === target) {
        // In a mount namespace of its own a process may have any file at any path.
        const [runs, lies] = await Promise.all([Deno.stat(link), Deno.stat(path)]);
        if (runs.dev !== lies.dev || runs.ino !== lies.ino) return undefined;
      }
      return (await readProcess(pid))?.startedAt === startedAt ? path : undefined;
    } catch {
      // Whatever is the matter, it cannot be said what it runs.
      return undefined;
    }
  }

  async signal(process: RunningProcess, signal: ProcessSignal): Promise<void> {
    const now = await readProcess(process.pid);
    // Another process may have the number by now.
    if (now?.startedAt !== process.startedAt) return;
    try {
      kill(process.pid, `SIG${signal}`);
    } catch (error) {
      if (errorCode(error) !== "ESRCH") {
        throw new FileError(`send ${signal} to`, `${process.name} (${process.pid})`, error);
      }
    }
  }
}

async function readProcess(pid: number): Promise<RunningProcess | undefined> {
  try {
    const [stat, cmdline, { uid }] = await Promise.all([
      readFile(`/proc/${pid}/stat`, "utf8"),
      readStart(`/proc/${pid}/cmdline`, MAX_COMMAND_LINE_BYTES),
      Deno.stat(`/proc/${pid}`),
    ]);
    // The name is in brackets and may hold blanks and brackets itself.
    const end = stat.lastIndexOf(")");
    const [state, ...fields] = stat.slice(end + 2).split(" ");
    if (state === "Z" || state === "X" || cmdline === "") return undefined;
    const words = cmdline.split("\0");
    while (words.length > 1 && words.at(-1) === "") words.pop();
    const short = stat.slice(stat.indexOf("(") + 1, end);
    const [program = ""] = (words[0] ?? "").split(" ", 1);
    const base = program.slice(program.lastIndexOf("/") + 1);
    return {
      pid,
      uid: uid ?? 0,
      // The kernel keeps 15 characters of it; where it begins the same, the first word has all of it.
      name: short.length === 15 && base.startsWith(short) ? base : short,
      commandLine: words.join(" "),
      // The 22nd field; two of them stand before the state.
      startedAt: fields[18] ?? "",
    };
  } catch (error) {
    // It ended while it was looked at.
    const code = errorCode(error);
    if (code === "ENOENT" || code === "ESRCH" || error instanceof Deno.errors.NotFound) {
      return undefined;
    }
    throw error;
  }
}

/**
 * The first bytes of a file as text. By Node's functions, which name the code of every failure: a process may end between
 * open and read.
 */
async function readStart(path: string, maxBytes: number): Promise<string> {
  const bytes = new Uint8Array(maxBytes);
  let length = 0;
  const file = await open(path);
  try {
    while (length < maxBytes) {
      const { bytesRead } = await file.read(bytes, length, maxBytes - length, null);
      if (bytesRead === 0) break;
      length += bytesRead;
    }
  } finally {
    await file.close();
  }
  return new TextDecoder().decode(bytes.subarray(0, length));
}

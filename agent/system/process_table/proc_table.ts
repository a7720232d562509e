import { kill, pid, ppid } from "node:process";
import type { ProcessSignal } from "../../../shared/config/resources/process.ts";
import { errorCode, FileError } from "../file_error.ts";
import type { ProcessTable, RunningProcess } from "./process_table.ts";

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
      Deno.readTextFile(`/proc/${pid}/stat`),
      Deno.readTextFile(`/proc/${pid}/cmdline`),
      Deno.stat(`/proc/${pid}`),
    ]);
    // The name is in brackets and may hold blanks and brackets itself.
    const end = stat.lastIndexOf(")");
    const [state, ...fields] = stat.slice(end + 2).split(" ");
    if (state === "Z" || state === "X" || cmdline === "") return undefined;
    const words = cmdline.replace(/\0+$/, "").split("\0");
    const short = stat.slice(stat.indexOf("(") + 1, end);
    const [, base = ""] = /([^/ ]*)( .*)?$/.exec(words[0] ?? "") ?? [];
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

import type { ProcessSignal } from "../../../shared/config/resources/process.ts";
import type { ProcessTable, RunningProcess } from "./process_table.ts";

/** Processes in memory, which end by TERM and KILL. */
export class FakeProcessTable implements ProcessTable {
  readonly protectedPids = [1];
  /** As `HUP 12`, in order. */
  readonly signals: string[] = [];
  /** By pid. */
  readonly executables = new Map<number, string>();
  readonly running: RunningProcess[] = [
    { pid: 1, uid: 0, name: "init", commandLine: "/sbin/init", startedAt: "1" },
  ];
  /** Whether TERM is ignored. */
  isStubborn = false;

  add(commandLine: string, uid = 0): RunningProcess {
    const pid = 10 + this.running.length;
    const name = commandLine.split(" ")[0]?.split("/").at(-1) ?? "";
    const process = { pid, uid, name, commandLine, startedAt: String(pid) };
    this.running.push(process);
    return process;
  }

  list(): Promise<readonly RunningProcess[]> {
    return Promise.resolve([...this.running]);
  }

  executableOf({ pid }: RunningProcess): Promise<string | undefined> {
    return Promise.resolve(this.executables.get(pid));
  }

  signal(process: RunningProcess, signal: ProcessSignal): Promise<void> {
    this.signals.push(`${signal} ${process.pid}`);
    const ends = signal === "KILL" || signal === "TERM" && !this.isStubborn;
    const at = this.running.findIndex(({ pid }) => pid === process.pid);
    if (ends && at >= 0) this.running.splice(at, 1);
    return Promise.resolve();
  }
}

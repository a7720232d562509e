import type { ProcessSignal } from "../../../shared/config/resources/process.ts";

/** One running process. */
export interface RunningProcess {
  readonly pid: number;
  readonly uid: number;
  /** The name of its program, without a folder. */
  readonly name: string;
  /** Its words joined by blanks, as far as they could be read and in at most 4,096 bytes. */
  readonly commandLine: string;
  /** When it started, in the kernel's own count: with the pid it says which process is meant. */
  readonly startedAt: string;
}

/** The processes of a machine; threads of the kernel and what has ended already are not among them. */
export interface ProcessTable {
  list(): Promise<readonly RunningProcess[]>;
  /** Sends a signal, unless the process has ended since it was listed. */
  signal(process: RunningProcess, signal: ProcessSignal): Promise<void>;
  /** Processes that no policy may stop: the agent's own and what it was started by. */
  readonly protectedPids: readonly number[];
  /**
   * Where the program of a process lies, also if the file was replaced or removed since; `undefined` if that cannot be read
   * or if another file lies there for everyone else.
   */
  executableOf(process: RunningProcess): Promise<string | undefined>;
}

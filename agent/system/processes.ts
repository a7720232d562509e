/** A program to run, with everything it gets; nothing is inherited but the machine. */
export interface Program {
  /** The program and its arguments; no shell is between. Never holds a secret: everybody can read it. */
  readonly argv: readonly [string, ...string[]];
  /** Written to standard input, which is empty otherwise. */
  readonly stdin?: string;
  /** Added to {@linkcode BASE_ENVIRONMENT}. */
  readonly environment?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Whom to run as; without it as the agent's own user. */
  readonly as?: RunAs;
  readonly timeoutMs: number;
  /** Kept of each stream; {@linkcode MAX_OUTPUT_BYTES} if absent. */
  readonly maxOutputBytes?: number;
  /** Ends the program as a timeout does. */
  readonly signal?: AbortSignal;
  /** From its abort on the end is waited for no longer: KILL follows at once. */
  readonly hurry?: AbortSignal;
  /** Told of everything the program writes, as it does, in pieces of any size. */
  readonly onOutput?: (stream: "stdout" | "stderr", bytes: Uint8Array) => void;
}

/** A user in numbers. */
export interface RunAs {
  readonly uid: number;
  readonly gid: number;
  /** Supplementary groups. */
  readonly groups: readonly number[];
}

/** How a program ended. */
export interface ProgramResult {
  /** `exited` by itself, ended by its `timeout`, or `aborted` by the signal. */
  readonly end: "exited" | "timeout" | "aborted";
  /** Exit status; 128 + signal number if a signal ended it. */
  readonly status: number;
  /** At most `maxOutputBytes` each, as text; a cut is marked. */
  readonly stdout: string;
  readonly stderr: string;
}

/** Kept of each stream; a program that floods its output costs no more memory than this. */
export const MAX_OUTPUT_BYTES = 256 * 1024;

/** What every program gets: a usual path and no translation. The agent's own environment may hold secrets. */
export const BASE_ENVIRONMENT: Readonly<Record<string, string>> = {
  PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
  LANG: "C.UTF-8",
  LC_ALL: "C.UTF-8",
};

/** Starts programs. */
export interface Processes {
  /**
   * Runs a program to its end. The program leads a process group, and the group ends with it: on a timeout or an abort by
   * TERM, then KILL; after a normal end likewise for whatever was left behind. What is to go on starts a session of its
   * own, as daemons do.
   *
   * @throws {ProgramNotFoundError} if it cannot be started.
   */
  run(program: Program): Promise<ProgramResult>;
}

/** A program that cannot be started: missing, not executable, or its folder is. */
export class ProgramNotFoundError extends Error {
  override readonly name = "ProgramNotFoundError";

  constructor({ argv, cwd = "/" }: Program, cause: unknown) {
    const detail = cause instanceof Error ? cause.message : String(cause);
    super(
      `Cannot start "${
        argv[0]
      }" in "${cwd}": the program or the folder is missing, or not permitted (${detail})`,
      { cause },
    );
  }
}

/** One line that says how a program failed, with the end of what it printed. */
export function describeFailure(what: string, result: ProgramResult): string {
  const ending = result.end === "timeout"
    ? "ran into its timeout"
    : result.end === "aborted"
    ? "was stopped"
    : `ended with status ${result.status}`;
  const printed = showEnd(result.stderr.trim() || result.stdout.trim());
  return printed === "" ? `${what} ${ending}` : `${what} ${ending}: ${printed}`;
}

/** Shown of a failed program's output, in characters; the end says why it failed. */
const MAX_SHOWN_LENGTH = 2000;

/** A cut is marked as in output that was cut before, so that whoever masks secrets looks for the rest of one there. */
function showEnd(output: string): string {
  if (output.length <= MAX_SHOWN_LENGTH) return output;
  const end = output.slice(-MAX_SHOWN_LENGTH);
  const leftOut = new TextEncoder().encode(output.slice(0, -MAX_SHOWN_LENGTH)).length;
  return `… ${leftOut} bytes left out …\n${end}`;
}

import { type ChildProcess, spawn } from "node:child_process";
import { getegid, geteuid, kill } from "node:process";
import { BASE_ENVIRONMENT } from "../system/processes.ts";
import { errorCode } from "../system/file_error.ts";
import { ownCommand } from "../puddle/own_command.ts";
import { MAX_SCAN_LINE_LENGTH, type ScanRequest, USER_SCAN } from "./scan_request.ts";

/** Scans at once, and how many may wait for their turn. */
const MAX_SCANS = 4;
const MAX_WAITING = 32;
/** A scan that has said nothing for so long is ended, whatever keeps it: a home on a server that is gone, for one. */
const SILENCE_MS = 60_000;
/** Kept of what a scan prints when it fails. */
const MAX_STDERR_LENGTH = 2_000;

/** Whose home it is. */
export interface ScannedUser {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  readonly home: string;
}

/** Why a scan gave nothing, or not everything. */
export class ScanError extends Error {
  override readonly name = "ScanError";
}

/**
 * Looks into users' homes without ever opening a path below one: a short child process does, which has the uid and gid of
 * that user alone, so that a planted link or FIFO gives it nothing that its owner could not have had anyway.
 *
 * The child is this program with the hidden verb `_user-scan`; it reads one request and answers in lines of JSON. What it
 * says is as believable as the user whose process it is, and is judged by whoever asked.
 */
export class UserScans {
  #running = 0;
  readonly #waiting: (() => void)[] = [];

  /**
   * Runs a scan and hands over its lines in order, each when the one before has been dealt with.
   *
   * @throws {ScanError} if it cannot run, fails, says what is no JSON, or falls silent; lines before count.
   */
  async run(
    user: ScannedUser,
    request: ScanRequest,
    onLine: (line: unknown) => void | Promise<void>,
    signal?: AbortSignal,
  ): Promise<void> {
    await this.#takeTurn();
    try {
      signal?.throwIfAborted();
      await runScan(user, request, onLine, signal);
    } finally {
      this.#running -= 1;
      this.#waiting.shift()?.();
    }
  }

  async #takeTurn(): Promise<void> {
    if (this.#running >= MAX_SCANS) {
      if (this.#waiting.length >= MAX_WAITING) {
        throw new ScanError("Cannot look into another home now: too many are being looked at");
      }
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    this.#running += 1;
  }
}

async function runScan(
  user: ScannedUser,
  request: ScanRequest,
  onLine: (line: unknown) => void | Promise<void>,
  signal: AbortSignal | undefined,
): Promise<void> {
  const child = start(user);
  const end = () => endGroup(child);
  signal?.addEventListener("abort", end, { once: true });
  let silence = setTimeout(end, SILENCE_MS);
  const exited = new Promise<string>((resolve) => {
    child.once("error", (error) => resolve(error.message));
    child.once("exit", (code, killedBy) => resolve(code === 0 ? "" : `${killedBy ?? code}`));
  });
  let stderr = "";
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    stderr = (stderr + text).slice(-MAX_STDERR_LENGTH);
  });
  try {
    child.stdin?.on("error", () => {}).end(JSON.stringify(request));
    for await (const line of linesOf(child)) {
      clearTimeout(silence);
      await onLine(parseLine(line, user));
      silence = setTimeout(end, SILENCE_MS);
    }
    const failure = await exited;
    if (failure !== "") {
      throw new ScanError(
        `Cannot look into the home of ${user.name}: ${stderr.trim() || `status ${failure}`}`,
      );
    }
  } finally {
    clearTimeout(silence);
    signal?.removeEventListener("abort", end);
    end();
  }
}

function start({ name, uid, gid }: ScannedUser): ChildProcess {
  const { argv, environment } = ownCommand();
  const [command, ...args] = [...argv, USER_SCAN];
  const self = geteuid?.();
  const isSelf = uid === self && (self !== 0 || gid === getegid?.());
  if (!isSelf && self !== 0) {
    throw new ScanError(`Cannot look into the home of ${name}: the daemon does not run as root`);
  }
  return spawn(command, args, {
    // A group of its own, so that nothing it starts stays.
    detached: true,
    stdio: ["pipe", "pipe", "pipe"],
    env: { ...BASE_ENVIRONMENT, ...environment },
    cwd: "/",
    // The runtime clears all other groups.
    ...(isSelf ? {} : { uid, gid }),
  });
}

async function* linesOf(child: ChildProcess): AsyncGenerator<string> {
  let rest = "";
  for await (const chunk of child.stdout?.setEncoding("utf8") ?? []) {
    const parts = (rest + chunk).split("\n");
    rest = parts.pop() ?? "";
    if (rest.length > MAX_SCAN_LINE_LENGTH) throw new ScanError("A scan answered with a long line");
    yield* parts;
  }
}

function parseLine(line: string, { name }: ScannedUser): unknown {
  try {
    return JSON.parse(line);
  } catch {
    throw new ScanError(`Cannot look into the home of ${name}: the answer is not JSON`);
  }
}

function endGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    kill(-pid, "SIGKILL");
  } catch (error) {
    // It has ended by itself.
    if (errorCode(error) !== "ESRCH") throw error;
  }
}

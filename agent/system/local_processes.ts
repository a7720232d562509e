import { type ChildProcess, spawn } from "node:child_process";
import { constants } from "node:os";
import { getegid, geteuid, kill, platform } from "node:process";
import type { Readable } from "node:stream";
import { CappedText } from "./capped_text.ts";
import { errorCode } from "./file_error.ts";
import {
  BASE_ENVIRONMENT,
  MAX_OUTPUT_BYTES,
  type Processes,
  type Program,
  ProgramNotFoundError,
  type ProgramResult,
  type RunAs,
} from "./processes.ts";
import { switchUser, type UserSwitch } from "./user_switch.ts";

/** From TERM to KILL; short enough for the agent itself to stop within five seconds. */
const DEFAULT_KILL_GRACE_MS = 2_000;
/** For what the program printed to arrive; a process that left the group may hold the other end for ever. */
const DRAIN_MS = 500;
/** Between two looks at whether a process group is gone. */
const GROUP_POLL_MS = 20;

/** Programs of this machine. */
export class LocalProcesses implements Processes {
  readonly #killGraceMs: number;

  constructor({ killGraceMs = DEFAULT_KILL_GRACE_MS }: { readonly killGraceMs?: number } = {}) {
    this.#killGraceMs = killGraceMs;
  }

  async run(program: Program): Promise<ProgramResult> {
    program.signal?.throwIfAborted();
    const child = start(program);
    const stdout = capture("stdout", child.stdout, program);
    const stderr = capture("stderr", child.stderr, program);
    const exited = waitForExit(child);
    const watch = watchForEnd(program);
    try {
      await started(child, program);
      child.stdin?.on("error", ignoreBrokenPipe).end(program.stdin ?? "");
      const first = await Promise.race([exited, watch.ended]);
      const end = typeof first === "string" ? first : "exited";
      await endGroup(child, this.#killGraceMs, program.hurry);
      const status = await exited;
      await Promise.race([Promise.all([stdout.ended, stderr.ended]), watch.after(DRAIN_MS)]);
      return { end, status, stdout: stdout.kept.text(), stderr: stderr.kept.text() };
    } finally {
      watch.stop();
      // Somebody who left the group may still hold the other ends.
      child.stdout?.destroy();
      child.stderr?.destroy();
    }
  }
}

function start(program: Program): ChildProcess {
  const { argv, environment, ids } = asUser(program);
  const [command, ...args] = argv;
  return spawn(command, args, {
    detached: true,
    stdio: ["pipe", "pipe", "pipe"],
    env: { ...environment },
    cwd: program.cwd ?? "/",
    ...ids,
  });
}

/**
 * The runtime clears all other groups and sets gid and uid before it executes, so that the loader runs as the user
 * already; where a user has other groups, a {@linkcode switchUser} sets all three.
 */
function asUser(
  { argv, as, environment = {} }: Program,
): UserSwitch & { ids: { uid?: number; gid?: number } } {
  const complete = { ...BASE_ENVIRONMENT, ...environment };
  if (as === undefined || isSelf(as)) return { argv, environment: complete, ids: {} };
  if (as.groups.length === 0 || platform !== "linux") {
    return { argv, environment: complete, ids: { uid: as.uid, gid: as.gid } };
  }
  return { ...switchUser(argv, environment, as), ids: {} };
}

function isSelf({ uid, gid }: RunAs): boolean {
  const self = geteuid?.();
  return self !== 0 ? uid === self : uid === 0 && gid === getegid?.();
}

function started(child: ChildProcess, program: Program): Promise<void> {
  return new Promise((resolve, reject) => {
    if (child.pid !== undefined) return resolve();
    child.once("spawn", () => resolve());
    child.once("error", (error) => reject(new ProgramNotFoundError(program, error)));
  });
}

function waitForExit(child: ChildProcess): Promise<number> {
  return new Promise((resolve) => {
    child.once("exit", (code, signal) => {
      resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal]));
    });
  });
}

interface Watch {
  readonly ended: Promise<"timeout" | "aborted">;
  /** Resolves after a while, or never once stopped. */
  after(ms: number): Promise<void>;
  stop(): void;
}

function watchForEnd(program: Program): Watch {
  const { promise, resolve } = Promise.withResolvers<"timeout" | "aborted">();
  const timers = [setTimeout(() => resolve("timeout"), program.timeoutMs)];
  const onAbort = () => resolve("aborted");
  program.signal?.addEventListener("abort", onAbort, { once: true });
  return {
    ended: promise,
    after: (ms) => new Promise((resolve) => timers.push(setTimeout(resolve, ms))),
    stop: () => {
      for (const timer of timers) clearTimeout(timer);
      program.signal?.removeEventListener("abort", onAbort);
    },
  };
}

async function endGroup(
  child: ChildProcess,
  killGraceMs: number,
  hurry: AbortSignal | undefined,
): Promise<void> {
  const leader = child.pid;
  if (leader === undefined) return;
  const deadline = performance.now() + killGraceMs;
  if (!signalGroup(leader, "SIGTERM")) return;
  while (signalGroup(leader, 0)) {
    if (performance.now() > deadline || hurry?.aborted) {
      signalGroup(leader, "SIGKILL");
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, GROUP_POLL_MS));
  }
}

/** Whether the group still exists. */
function signalGroup(leader: number, signal: "SIGTERM" | "SIGKILL" | 0): boolean {
  try {
    return kill(-leader, signal);
  } catch (error) {
    if (errorCode(error) === "ESRCH") return false;
    throw error;
  }
}

interface Capture {
  readonly kept: CappedText;
  readonly ended: Promise<void>;
}

function capture(
  name: "stdout" | "stderr",
  stream: Readable | null,
  { maxOutputBytes, onOutput }: Program,
): Capture {
  const kept = new CappedText(maxOutputBytes ?? MAX_OUTPUT_BYTES);
  const { promise, resolve } = Promise.withResolvers<void>();
  stream?.on("data", (bytes: Uint8Array) => {
    kept.add(bytes);
    onOutput?.(name, bytes);
  });
  stream?.once("close", resolve);
  return { kept, ended: promise };
}

/** A program may end without reading its input; its status says whether that was wrong. */
function ignoreBrokenPipe(error: unknown): void {
  const code = errorCode(error);
  if (code !== "EPIPE" && code !== "ECONNRESET") throw error;
}

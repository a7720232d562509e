import { type CapturedOutput } from "../../shared/tasks/captured_output.ts";
import type { TaskDispatch } from "../../shared/tasks/task_orders.ts";
import type { AgentVerdict } from "../../shared/tasks/verdict.ts";
import { CappedBytes } from "../system/capped_bytes.ts";
import { type Processes, ProgramNotFoundError } from "../system/processes.ts";

/** What came of a command. */
export interface CommandOutcome {
  readonly verdict: AgentVerdict;
  /** Absent unless it ran to an end of its own. */
  readonly exitCode?: number;
  readonly durationMs: number;
  readonly reason: string;
  readonly stdout: CapturedOutput;
  readonly stderr: CapturedOutput;
}

/** How a command can be ended, and who hears what it writes. */
export interface CommandControl {
  /** Ends the command; TERM, and KILL after a while. */
  readonly cancel: AbortSignal;
  /** The same because the agent ends. */
  readonly stop: AbortSignal;
  /** No waiting between TERM and KILL any more. */
  readonly hurry: AbortSignal;
  /** Added to what every program gets. */
  readonly environment?: Readonly<Record<string, string>>;
  onOutput(stream: "stdout" | "stderr", bytes: Uint8Array): void;
}

/**
 * Runs inside a shell that becomes the command's: `$1` is the command, `$2` its niceness, `$3` and `$4` its IO class and
 * level. The IO priority is set on the shell itself, since not every ionice(1) can start a program; where there is none, the
 * kernel's scheduler goes by the niceness.
 */
const WRAPPER = `ulimit -c 0
if [ "$2" -gt 0 ]; then
  ionice -c "$3" -n "$4" -p $$ >/dev/null 2>&1
  exec nice -n "$2" /bin/sh -c "$1"
fi
exec /bin/sh -c "$1"`;

/** IO classes of ionice(1). */
const BEST_EFFORT = "2";
const IDLE = "3";

/**
 * Runs a command as the agent's own user with `sh -c`, in \`/\`, with nothing to read and a fixed environment, in a process
 * group of its own. The whole group ends with it, by TERM and then KILL; what starts a session of its own has left the group
 * and goes on.
 */
export async function runCommand(
  { command, nice, timeoutMs, maxOutputBytes }: Pick<
    TaskDispatch,
    "command" | "nice" | "timeoutMs" | "maxOutputBytes"
  >,
  processes: Processes,
  { cancel, stop, hurry, environment = {}, onOutput }: CommandControl,
): Promise<CommandOutcome> {
  const kept = { stdout: new CappedBytes(maxOutputBytes), stderr: new CappedBytes(maxOutputBytes) };
  const startedAtMs = performance.now();
  const outcome = (verdict: AgentVerdict, reason: string, exitCode?: number): CommandOutcome => ({
    verdict,
    reason,
    ...(exitCode === undefined ? {} : { exitCode }),
    durationMs: Math.round(performance.now() - startedAtMs),
    stdout: capture(kept.stdout),
    stderr: capture(kept.stderr),
  });
  try {
    const { end, status } = await processes.run({
      argv: ["/bin/sh", "-c", WRAPPER, "sh", command, String(nice), ...ioPriority(nice)],
      cwd: "/",
      environment,
      timeoutMs,
      signal: AbortSignal.any([cancel, stop]),
      hurry,
      // Kept here, byte for byte.
      maxOutputBytes: 0,
      onOutput: (stream, bytes) => {
        kept[stream].add(bytes);
        onOutput(stream, bytes);
      },
    });
    if (end === "timeout") return outcome("timeout", `it ran longer than ${timeoutMs / 1000} s`);
    if (end === "exited") return outcome(status === 0 ? "complete" : "failed", "", status);
  } catch (error) {
    if (error instanceof ProgramNotFoundError) return outcome("failed", error.message);
    if (!cancel.aborted && !stop.aborted) throw error;
  }
  return cancel.aborted
    ? outcome("cancelled", "")
    : outcome("lost", "the agent was stopped while the command ran");
}

function ioPriority(nice: number): [ioClass: string, level: string] {
  // The level that the kernel derives from a niceness: ioprio_set(2).
  return [nice === 19 ? IDLE : BEST_EFFORT, String(Math.floor((nice + 20) / 5))];
}

function capture({ head, tail, droppedBytes }: CappedBytes): CapturedOutput {
  return { head: join(head), tail: join(tail), droppedBytes };
}

function join(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}

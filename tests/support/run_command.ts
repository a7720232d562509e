import { sendSignal } from "./signal.ts";

/** How a finished command ended, and everything it printed. */
export interface CommandResult {
  /** Exit status; 128 + signal number if a signal ended it. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Where and with what a command runs. */
export interface CommandOptions {
  /** Text for its standard input; without it the input is empty. */
  readonly stdin?: string;
  /** Added to the inherited environment, or all of it when `clearEnv` is set. */
  readonly env?: Readonly<Record<string, string>>;
  readonly clearEnv?: boolean;
  readonly cwd?: string;
  /** Longest time it may take, in milliseconds; then it is killed and the call fails. */
  readonly deadlineMs?: number;
}

/** Long enough for a package installation on a busy two-core machine. */
const DEFAULT_DEADLINE_MS = 300_000;

/**
 * Runs a command to its end. A non-zero status is an answer, not an error.
 *
 * @throws {Error} if it cannot be started or takes longer than its deadline.
 */
export async function runCommand(
  command: string,
  args: readonly string[] = [],
  options: CommandOptions = {},
): Promise<CommandResult> {
  const deadlineMs = options.deadlineMs ?? DEFAULT_DEADLINE_MS;
  const timeout = AbortSignal.timeout(deadlineMs);
  const child = new Deno.Command(command, {
    args: [...args],
    stdin: options.stdin === undefined ? "null" : "piped",
    stdout: "piped",
    stderr: "piped",
    detached: true,
    clearEnv: options.clearEnv ?? false,
    env: { ...options.env },
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
  }).spawn();
  // The whole group: a command's own children would hold its output open.
  const kill = () => sendSignal(-child.pid, "SIGKILL");
  timeout.addEventListener("abort", kill);
  try {
    const [output] = await Promise.all([child.output(), feed(child, options.stdin)]);
    if (timeout.aborted) {
      throw new Error(`Ran "${[command, ...args].join(" ")}": not finished after ${deadlineMs} ms`);
    }
    const decoder = new TextDecoder();
    return {
      code: output.code,
      stdout: decoder.decode(output.stdout),
      stderr: decoder.decode(output.stderr),
    };
  } finally {
    timeout.removeEventListener("abort", kill);
  }
}

/**
 * Runs a command that has to succeed and returns its standard output.
 *
 * @throws {Error} with what it printed if its status is not 0.
 */
export async function runOrThrow(
  command: string,
  args: readonly string[] = [],
  options: CommandOptions = {},
): Promise<string> {
  const result = await runCommand(command, args, options);
  if (result.code !== 0) {
    throw new Error(
      `Ran "${[command, ...args].join(" ")}": status ${result.code}: ${
        result.stderr.trim() || result.stdout.trim()
      }`,
    );
  }
  return result.stdout;
}

async function feed(child: Deno.ChildProcess, stdin: string | undefined): Promise<void> {
  if (stdin === undefined) return;
  const writer = child.stdin.getWriter();
  try {
    await writer.write(new TextEncoder().encode(stdin));
    await writer.close();
  } catch (error) {
    // The command may end without reading its input; its status says whether that was wrong.
    if (!(error instanceof Deno.errors.BrokenPipe)) throw error;
  }
}

import { runOrThrow } from "../support/run_command.ts";

/** What one run cost. */
export interface Sample {
  readonly wallMs: number;
  /** User and system time; absent where the system does not tell (outside Linux). */
  readonly cpuMs?: number;
  /** Of `wallMs`, what the subject itself says it spent on applying. */
  readonly applyMs?: number;
}

/** Something that brings a set about as a process of its own. */
export interface Subject {
  readonly name: string;
  /** The folder it fills; empty before a first run. */
  readonly target: string;
  run(): Promise<Sample>;
}

/** Of /proc/self/stat, which Linux counts in hundredths of a second whatever the kernel's own clock (proc(5)). */
const MS_PER_TICK = 10;

/** Run from source a program also asks for a newer runtime, which no executable does. */
const ENVIRONMENT = { DENO_NO_UPDATE_CHECK: "1" };

/** Thousands of commands one after the other, on a busy two-core machine. */
const RUN_DEADLINE_MS = 1_200_000;

/** Runs a command that has to succeed; everything it starts and waits for counts as its own. */
export async function measureProcess(
  command: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Sample & { readonly printed: string }> {
  const cpuBeforeMs = await readChildrenCpuMs();
  const began = performance.now();
  const printed = await runOrThrow(command, args, {
    env: { ...ENVIRONMENT, ...env },
    deadlineMs: RUN_DEADLINE_MS,
  });
  const wallMs = performance.now() - began;
  const cpuAfterMs = await readChildrenCpuMs();
  return cpuBeforeMs === undefined || cpuAfterMs === undefined
    ? { printed, wallMs }
    : { printed, wallMs, cpuMs: cpuAfterMs - cpuBeforeMs };
}

/** Processor time of all ended children of this process. */
async function readChildrenCpuMs(): Promise<number | undefined> {
  if (Deno.build.os !== "linux") return undefined;
  const text = await Deno.readTextFile("/proc/self/stat");
  // The name in parentheses may hold anything; fields 16 and 17 are counted from behind it.
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[13]) + Number(fields[14])) * MS_PER_TICK;
}

/** What this needs of a Linux system; everywhere else there is nothing to do from inside. */
export interface CoreDumpSystem {
  readText(path: string): Promise<string>;
  writeText(path: string, text: string): Promise<void>;
  /** @returns the program's status, and what it said of an error. */
  run(command: string, args: readonly string[]): Promise<{ code: number; error: string }>;
}

const LIMITS = "/proc/self/limits";
const PATTERN = "/proc/sys/kernel/core_pattern";
const FILTER = "/proc/self/coredump_filter";

/**
 * Keeps this process's memory, in which secrets are, out of core files (core(5)): its soft limit for them becomes 0, and where
 * cores go to a program, which the kernel starts whatever the limit is, no memory is handed to it.
 *
 * @returns why it could not be done; undefined if it holds.
 */
export async function forbidCoreDumps(
  pid: number,
  system: CoreDumpSystem,
): Promise<string | undefined> {
  try {
    if (await softLimit(system) !== "0") {
      const { code, error } = await system.run("prlimit", [`--pid=${pid}`, "--core=0:"]);
      if (code !== 0) return `prlimit failed: ${error}`;
      const now = await softLimit(system);
      if (now !== "0") return `the limit is ${now} after prlimit set it to 0`;
    }
    if ((await system.readText(PATTERN)).startsWith("|")) await system.writeText(FILTER, "0");
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

async function softLimit(system: CoreDumpSystem): Promise<string> {
  const limits = await system.readText(LIMITS);
  const soft = /^Max core file size\s+(\S+)/m.exec(limits)?.[1];
  if (soft === undefined) throw new Error(`${LIMITS} names no limit for core files`);
  return soft;
}

/** This machine. */
export const LOCAL_CORE_DUMP_SYSTEM: CoreDumpSystem = {
  readText: (path) => Deno.readTextFile(path),
  writeText: (path, text) => Deno.writeTextFile(path, text, { create: false }),
  run: async (command, args) => {
    const { code, stderr } = await new Deno.Command(command, { args: [...args], stdin: "null" })
      .output();
    return { code, error: new TextDecoder().decode(stderr).trim() };
  },
};

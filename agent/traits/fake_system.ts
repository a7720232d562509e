import type { TraitSystem } from "./collector.ts";

/** A machine made of recorded answers, for tests; what is not given is not there. */
export function fakeSystem(
  recorded: Partial<Omit<TraitSystem, "readText" | "run" | "list" | "readAccounts">> & {
    readonly files?: Readonly<Record<string, string>>;
    /** Standard output by the program's whole command line. */
    readonly programs?: Readonly<Record<string, string>>;
    readonly folders?: Readonly<Record<string, readonly string[]>>;
  } = {},
): TraitSystem {
  const { files = {}, programs = {}, folders = {}, ...rest } = recorded;
  return {
    platform: "linux",
    hostname: () => "web-1",
    networkInterfaces: () => [],
    cpuCount: () => 4,
    architecture: () => "x86_64",
    kernelRelease: () => "6.1.0",
    memory: () =>
      Promise.resolve({ total: 2 ** 33, available: 2 ** 32, swapTotal: 0, swapFree: 0 }),
    loadAverage: () => [0.126, 0.5, 1],
    uptimeSeconds: () => 90_000.7,
    ...rest,
    readText: (path) => Promise.resolve(files[path]),
    readAccounts: (file) => Promise.resolve(files[`/etc/${file}`]),
    list: (path) => Promise.resolve(folders[path] ?? []),
    run: (command) => Promise.resolve(programs[command.join(" ")]),
  };
}

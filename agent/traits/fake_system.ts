import type { FilesystemRoom, TraitSystem } from "./collector.ts";

/** A machine made of recorded answers, for tests; what is not given is not there. */
export function fakeSystem(
  recorded:
    & Partial<
      Omit<TraitSystem, "readText" | "readLink" | "readRoom" | "run" | "list" | "readAccounts">
    >
    & {
      /** Text by path, or what reading fails with. */
      readonly files?: Readonly<Record<string, string | Error>>;
      /** Standard output by the program's whole command line, or what it fails with. */
      readonly programs?: Readonly<Record<string, string | Error>>;
      readonly folders?: Readonly<Record<string, readonly string[]>>;
      readonly links?: Readonly<Record<string, string>>;
      readonly rooms?: Readonly<Record<string, FilesystemRoom>>;
    } = {},
): TraitSystem {
  const { files = {}, programs = {}, folders = {}, links = {}, rooms = {}, ...rest } = recorded;
  return {
    platform: "linux",
    hostname: () => "web-1",
    networkInterfaces: () => [],
    cpuCount: () => 4,
    architecture: () => "x86_64",
    kernelRelease: () => "6.1.0",
    loadAverage: () => [0.126, 0.5, 1],
    uptimeSeconds: () => 90_000.7,
    ...rest,
    readText: (path) => answer(files[path]),
    readAccounts: (file) => answer(files[`/etc/${file}`]),
    list: (path) => Promise.resolve(folders[path] ?? []),
    readLink: (path) => Promise.resolve(links[path]),
    readRoom: (path) => Promise.resolve(rooms[path]),
    run: (command) => answer(programs[command.join(" ")]),
  };
}

function answer(recorded: string | Error | undefined): Promise<string | undefined> {
  return recorded instanceof Error ? Promise.reject(recorded) : Promise.resolve(recorded);
}

import type { ProgramName } from "./permissions.ts";

/** What an executable is made from; paths are relative to the repository. */
export interface Program {
  readonly name: ProgramName;
  readonly entry: string;
  /**
   * Modules that are only started as workers, and files that are read while running: no import leads to them. A name that ends
   * with `/` stands for each folder in that one, without the files beside them.
   */
  readonly includes: readonly string[];
}

export const PROGRAMS: readonly Program[] = [
  {
    name: "vigosrv",
    entry: "server/main.ts",
    includes: ["server/worker.ts", "server/store/integrity_worker.ts"],
  },
  {
    name: "vigo",
    entry: "agent/main.ts",
    includes: ["agent/swarm/engine_worker.ts", "agent/swarm/hasher_worker.ts"],
  },
  { name: "vigocli", entry: "cli/main.ts", includes: ["examples/"] },
];

/** Machines that executables are made for, by the name of their folder in `dist/`, with what the compiler calls them. */
export const TARGETS: Readonly<Record<string, string>> = {
  "linux-x64": "x86_64-unknown-linux-gnu",
  "linux-arm64": "aarch64-unknown-linux-gnu",
  "darwin-x64": "x86_64-apple-darwin",
  "darwin-arm64": "aarch64-apple-darwin",
};

/** The target that this machine is. */
export function ownTarget(): string {
  return `${Deno.build.os}-${Deno.build.arch === "aarch64" ? "arm64" : "x64"}`;
}

import type { ProgramName } from "./permissions.ts";

/**
 * How the JavaScript engine of a program is set, as flags of `deno compile` and `deno run`.
 *
 * An agent stays small beside the work it manages: each half of its young generation has 1 MiB instead of 16. The runtime
 * frees buffers outside its heap, and that is nearly everything the swarm handles, only when it collects the young
 * generation; with 256 MiB to 8 envoys this takes 50 MB off the peak of each. Workers take it over from their program.
 */
export const RUNTIME_FLAGS: Readonly<Record<ProgramName, readonly string[]>> = {
  vigosrv: [],
  vigo: ["--v8-flags=--max-semi-space-size=1"],
  vigocli: [],
};

import type { ProgramName } from "./permissions.ts";

/**
 * How the JavaScript engine of a program is set, as flags of `deno compile` and `deno run`.
 *
 * An agent stays small beside the work it manages: each half of its young generation has 1 MiB instead of 16. The runtime
 * frees buffers outside its heap, and that is nearly everything the swarm handles, only when it collects the young
 * generation; with 256 MiB to 8 envoys this takes 50 MB off the peak of each. What is collected is freed at once by the
 * thread that asked for it: left to another thread, the allocator meanwhile takes new memory from the system for the next
 * buffers, 22 MB with 128 MiB to 6. Workers take this over from their program.
 */
export const RUNTIME_FLAGS: Readonly<Record<ProgramName, readonly string[]>> = {
  vigosrv: [],
  vigo: ["--v8-flags=--max-semi-space-size=1,--no-concurrent-array-buffer-sweeping"],
  vigocli: [],
};

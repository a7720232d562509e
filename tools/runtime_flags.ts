import type { ProgramName } from "./permissions.ts";

/**
 * How the JavaScript engine of a program is set, as flags of `deno compile` and `deno run`.
 *
 * An agent stays small beside the work it manages: each half of its young generation has 1 MiB instead of 16. The runtime
 * frees buffers outside its heap, and that is nearly everything the swarm handles, only when it collects the young
 * generation; with 256 MiB to 8 envoys this takes 50 MB off the peak of each. What is collected is freed at once by the
 * thread that asked for it: left to another thread, the allocator meanwhile takes new memory from the system for the next
 * buffers, 22 MB with 128 MiB to 6. Workers take this over from their program.
 *
 * The whole heap is not looked through before it has 32 MiB: the engine's grows from 15 MB to a little over 20 while it fetches,
 * and V8 would mark it just then. With 256 MiB to 8 this halves what its background threads take, 0.5 CPU s of each GB, and
 * the peak is 4 MB lower, since marking needs memory of its own.
 *
 * Past that it grows by two fifths of what was in use before it is looked through again. V8 alone would let it more than
 * double, to 61 MB of which 25 are in use after a thousand small files; this takes 50 MB off that peak at no cost that shows.
 */
export const RUNTIME_FLAGS: Readonly<Record<ProgramName, readonly string[]>> = {
  vigosrv: [],
  vigo: [
    "--v8-flags=--max-semi-space-size=1,--initial-heap-size=32,--heap-growing-percent=40,--no-concurrent-array-buffer-sweeping",
  ],
  vigocli: [],
};

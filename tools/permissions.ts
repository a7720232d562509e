/** The three executables of the product. */
export type ProgramName = "vigosrv" | "vigo" | "vigocli";

/**
 * The rights each program is compiled with, as flags of `deno compile` and `deno run`. This is the one place that
 * says so; `docs/security.md` shows the same table to people, and a test compares them.
 *
 * - `vigosrv` starts no program and loads no foreign code. What it serves runs in a worker with less: exactly its
 *   folders, its listeners and the hosts it is configured to call.
 * - `vigo` changes the machine, so it may do everything. A single `--deny-…` would close `/proc` and `/sys` to it,
 *   which Deno opens only to a program with all rights, and most collectors would see nothing. What talks to other
 *   machines is a worker with less.
 * - `vigocli` starts no program and loads no foreign code; which files it touches depends on what the operator names.
 *
 * Nobody is ever asked: without a right the call fails.
 */
export const PERMISSIONS: Readonly<Record<ProgramName, readonly string[]>> = {
  vigosrv: [
    "--no-prompt",
    "--allow-net",
    "--allow-read",
    "--allow-write",
    "--allow-env",
    "--allow-sys",
    "--deny-run",
    "--deny-ffi",
    "--deny-import",
  ],
  vigo: ["--no-prompt", "--allow-all"],
  vigocli: [
    "--no-prompt",
    "--allow-net",
    "--allow-read",
    "--allow-write",
    "--allow-env",
    "--allow-sys",
    "--deny-run",
    "--deny-ffi",
    "--deny-import",
  ],
};

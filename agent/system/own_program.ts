import { fileURLToPath } from "node:url";

/**
 * How to start this same program again: the executable alone when it is compiled, else the runtime with the sources. What
 * follows are the arguments of `vigo`.
 */
export function ownProgram(): readonly [string, ...string[]] {
  if (Deno.build.standalone) return [Deno.execPath()];
  const main = fileURLToPath(new URL("../main.ts", import.meta.url));
  const config = fileURLToPath(new URL("../../deno.json", import.meta.url));
  return [
    Deno.execPath(),
    "run",
    "--quiet",
    "--no-check",
    "--no-prompt",
    "--allow-all",
    "--config",
    config,
    main,
  ];
}

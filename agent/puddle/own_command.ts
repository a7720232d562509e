import { fileURLToPath } from "node:url";

/**
 * How this program starts itself again: the executable, or the runtime with the sources that it runs from.
 *
 * @returns the beginning of a command line, and what its environment needs.
 */
export function ownCommand(): {
  readonly argv: readonly [string, ...string[]];
  readonly environment: Readonly<Record<string, string>>;
} {
  const executable = Deno.execPath();
  if (Deno.build.standalone) return { argv: [executable], environment: {} };
  // The daemon's own entry may be that of a test; the program is always this one.
  const entry = fileURLToPath(new URL("../main.ts", import.meta.url));
  const denoDir = Deno.env.get("DENO_DIR") ?? defaultCache();
  return {
    argv: [
      executable,
      "run",
      "--quiet",
      "--no-check",
      "--cached-only",
      "--no-prompt",
      "--allow-all",
      entry,
    ],
    environment: denoDir === undefined ? {} : { DENO_DIR: denoDir },
  };
}

/** Where the runtime keeps packages when nothing says so; the child's own home is another one. */
function defaultCache(): string | undefined {
  const home = Deno.env.get("HOME");
  const cache = Deno.env.get("XDG_CACHE_HOME") ?? (home && `${home}/.cache`);
  return cache && `${cache}/deno`;
}

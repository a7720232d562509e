import { join } from "node:path";

/** Where this Deno keeps its packages, which a program started with another home would fetch anew. */
export function denoFolder(): string {
  const explicit = Deno.env.get("DENO_DIR");
  if (explicit) return explicit;
  const cache = Deno.env.get("XDG_CACHE_HOME") ?? `${Deno.env.get("HOME") ?? "/root"}/.cache`;
  return join(cache, "deno");
}

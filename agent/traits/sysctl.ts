import type { TraitSystem } from "./collector.ts";

/** One value of sysctl(8) of macOS; `undefined` where the kernel does not know the name. */
export async function readSysctl(
  system: TraitSystem,
  name: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  // An unknown name ends it with a status, which is an answer: names come and go with processors and versions.
  const text = await system.run(["/usr/sbin/sysctl", "-n", name], signal).catch(() => undefined);
  signal.throwIfAborted();
  return text?.trim() || undefined;
}

/** As {@linkcode readSysctl}, for a number. */
export async function readSysctlNumber(
  system: TraitSystem,
  name: string,
  signal: AbortSignal,
): Promise<number | undefined> {
  const text = await readSysctl(system, name, signal);
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}

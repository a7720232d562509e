import type { Collector, TraitSystem } from "./collector.ts";
import { readSysctl } from "./sysctl.ts";
import { present } from "./present.ts";

/** How long the machine has been up, and since when. */
export const uptime: Collector = {
  name: "uptime",
  kind: "volatile",
  async collect(system, signal) {
    const seconds = Math.floor(system.uptimeSeconds());
    return present({
      seconds,
      days: Math.floor(seconds / 86_400),
      booted_at: await readBootTime(system, signal),
    });
  },
};

async function readBootTime(
  system: TraitSystem,
  signal: AbortSignal,
): Promise<string | undefined> {
  const text = system.platform === "darwin"
    ? await readSysctl(system, "kern.boottime", signal)
    : await system.readText("/proc/stat");
  const seconds = parseBootSeconds(text ?? "");
  return seconds === undefined ? undefined : new Date(seconds * 1000).toISOString();
}

/** Seconds since 1970 from `btime` of `/proc/stat`, or from `{ sec = 1715000000, usec = 0 }` of macOS. */
export function parseBootSeconds(text: string): number | undefined {
  const digits = text.match(/^btime (\d{1,11})$/m)?.[1] ?? text.match(/\bsec = (\d{1,11})\b/)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

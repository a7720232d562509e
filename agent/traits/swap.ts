import type { Collector, TraitSystem } from "./collector.ts";
import { meminfoBytes } from "./memory.ts";
import { unescapeOctal } from "./mountpoints.ts";
import { readSysctl } from "./sysctl.ts";

const MIB = 2 ** 20;
/** Most areas listed. */
const MAX_AREAS = 16;

/** Swap in MiB, and the areas it lies in; a machine without swap has a total of 0. */
export const swap: Collector = { name: "swap", kind: "volatile", collect };

async function collect(system: TraitSystem, signal: AbortSignal) {
  if (system.platform === "darwin") {
    const usage = parseSwapUsage(await readSysctl(system, "vm.swapusage", signal) ?? "");
    if (usage === undefined) throw new Error("the system does not tell how much swap it has");
    return { ...usage, areas: [] };
  }
  const meminfo = await system.readText("/proc/meminfo") ?? "";
  const total = meminfoBytes(meminfo, "SwapTotal"), free = meminfoBytes(meminfo, "SwapFree");
  if (total === undefined || free === undefined) {
    throw new Error("the system does not tell how much swap it has");
  }
  return {
    total_mb: Math.round(total / MIB),
    used_mb: Math.round((total - free) / MIB),
    areas: parseSwaps(await system.readText("/proc/swaps") ?? "").slice(0, MAX_AREAS),
  };
}

/** Parses `/proc/swaps`: a heading, then path, type, size and use in KiB, priority. */
export function parseSwaps(text: string): { path: string; type: string; size_mb: number }[] {
  return text.split("\n").slice(1).flatMap((line) => {
    const [path, type, sizeKib] = line.trim().split(/\s+/);
    if (!path || !type || !/^\d{1,15}$/.test(sizeKib ?? "")) return [];
    return [{ path: unescapeOctal(path), type, size_mb: Math.round(Number(sizeKib) / 1024) }];
  });
}

/** Parses `vm.swapusage` of macOS: `total = 2048.00M  used = 1023.25M  free = 1024.75M  (encrypted)`. */
export function parseSwapUsage(text: string): { total_mb: number; used_mb: number } | undefined {
  const read = (name: string) => {
    const match = text.match(new RegExp(`${name} = (\\d{1,12})(?:[.,]\\d+)?([KMG])`));
    if (match === null) return undefined;
    const factor = match[2] === "G" ? 1024 : match[2] === "K" ? 1 / 1024 : 1;
    return Math.round(Number(match[1]) * factor);
  };
  const total = read("total"), used = read("used");
  return total === undefined || used === undefined ? undefined : { total_mb: total, used_mb: used };
}

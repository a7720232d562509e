import type { Collector } from "./collector.ts";

const MIB = 2 ** 20;

/** Memory and swap in MiB; *available* is what programs can still get without swapping. */
export const memory: Collector = {
  name: "memory",
  kind: "volatile",
  async collect(system) {
    const { total, available, swapTotal, swapFree } = await system.memory();
    return {
      total_mb: Math.round(total / MIB),
      available_mb: Math.round(available / MIB),
      used_mb: Math.round((total - available) / MIB),
      swap_total_mb: Math.round(swapTotal / MIB),
      swap_used_mb: Math.round((swapTotal - swapFree) / MIB),
    };
  },
};

/** Reads `/proc/meminfo`, whose figures are in KiB, into bytes; `undefined` if the total is missing. */
export function parseMeminfo(text: string):
  | { total: number; available: number; swapTotal: number; swapFree: number }
  | undefined {
  const read = (name: string) => {
    const kib = text.match(new RegExp(`^${name}:\\s+(\\d+) kB$`, "m"))?.[1];
    return kib === undefined ? undefined : Number(kib) * 1024;
  };
  const total = read("MemTotal");
  if (total === undefined) return undefined;
  return {
    total,
    available: read("MemAvailable") ?? read("MemFree") ?? 0,
    swapTotal: read("SwapTotal") ?? 0,
    swapFree: read("SwapFree") ?? 0,
  };
}

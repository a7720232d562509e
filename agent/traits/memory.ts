import type { Collector, TraitSystem } from "./collector.ts";
import { readSysctlNumber } from "./sysctl.ts";

const MIB = 2 ** 20;

/** Memory in MiB; *available* is what programs can still get without swapping. */
export const memory: Collector = {
  name: "memory",
  kind: "volatile",
  async collect(system, signal) {
    const { totalBytes, availableBytes } = await readMemory(system, signal);
    return {
      total_mb: Math.round(totalBytes / MIB),
      available_mb: Math.round(availableBytes / MIB),
      used_mb: Math.round((totalBytes - availableBytes) / MIB),
    };
  },
};

/** Bytes of memory. */
export interface MemoryFacts {
  readonly totalBytes: number;
  readonly availableBytes: number;
}

/** @throws {Error} if the system does not tell. */
export async function readMemory(system: TraitSystem, signal: AbortSignal): Promise<MemoryFacts> {
  const facts = system.platform === "darwin"
    ? parseVmStat(
      await system.run(["/usr/bin/vm_stat"], signal) ?? "",
      await readSysctlNumber(system, "hw.memsize", signal),
    )
    : parseMeminfo(await system.readText("/proc/meminfo") ?? "");
  if (facts === undefined) throw new Error("the system does not tell how much memory it has");
  return facts;
}

/** Reads `/proc/meminfo`, whose figures are in KiB; `undefined` if one is missing. */
export function parseMeminfo(text: string): MemoryFacts | undefined {
  const totalBytes = meminfoBytes(text, "MemTotal");
  // Kernels before 3.14 do not estimate what is available.
  const availableBytes = meminfoBytes(text, "MemAvailable") ?? meminfoBytes(text, "MemFree");
  if (totalBytes === undefined || availableBytes === undefined) return undefined;
  return { totalBytes, availableBytes };
}

/** One figure of `/proc/meminfo`, in bytes. */
export function meminfoBytes(text: string, name: string): number | undefined {
  const kib = text.match(new RegExp(`^${name}:\\s+(\\d{1,15}) kB$`, "m"))?.[1];
  return kib === undefined ? undefined : Number(kib) * 1024;
}

/** Pages that vm_stat(1) of macOS counts apart and that programs get before anything is swapped. */
const AVAILABLE_PAGES = ["free", "inactive", "speculative", "purgeable"];

/** Reads vm_stat(1), which counts pages of the size that its first line tells. */
export function parseVmStat(text: string, totalBytes: number | undefined): MemoryFacts | undefined {
  const pageBytes = text.match(/page size of (\d{1,9}) bytes/)?.[1];
  if (totalBytes === undefined || pageBytes === undefined) return undefined;
  let pages = 0;
  for (const kind of AVAILABLE_PAGES) {
    pages += Number(text.match(new RegExp(`^Pages ${kind}:\\s+(\\d{1,15})\\.`, "m"))?.[1] ?? 0);
  }
  return { totalBytes, availableBytes: Math.min(totalBytes, pages * Number(pageBytes)) };
}

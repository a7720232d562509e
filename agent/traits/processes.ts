import type { Collector, TraitSystem } from "./collector.ts";
import { mapSome } from "./map_some.ts";
import { isUnreadable } from "./read_optional.ts";

/** Most names told, those with most processes first. */
const MAX_NAMES = 48;
/** Names told with their memory. */
const TOP_MEMORY = 5;
/** Most processes looked at: on a slow machine this takes some three seconds. */
const MAX_PROCESSES = 16_384;

/**
 * How many processes there are by name, and which names hold most memory. The kernel's own threads are not counted. A name
 * is the kernel's, which keeps 15 characters of it.
 */
export const processes: Collector = {
  name: "processes",
  kind: "volatile",
  isSampled: true,
  async collect(system, signal) {
    const found = system.platform === "darwin"
      ? parsePs(await system.run(["/bin/ps", "-axo", "stat=,rss=,ucomm="], signal) ?? "")
      : await readProc(system, signal);
    if (found.length === 0) throw new Error("the system does not tell which processes there are");
    return summarize(found);
  },
};

/** One process. */
export interface ProcessFacts {
  readonly name: string;
  readonly isZombie: boolean;
  /** Resident memory in KiB. */
  readonly rssKib: number;
}

function summarize(found: readonly ProcessFacts[]) {
  const byName = new Map<string, { count: number; rssKib: number }>();
  for (const { name, rssKib } of found) {
    const known = byName.get(name) ?? { count: 0, rssKib: 0 };
    byName.set(name, { count: known.count + 1, rssKib: known.rssKib + rssKib });
  }
  const named = [...byName].toSorted(([a], [b]) => a < b ? -1 : 1);
  const byCount = named.toSorted(([, a], [, b]) => b.count - a.count).slice(0, MAX_NAMES);
  const byMemory = named.toSorted(([, a], [, b]) => b.rssKib - a.rssKib).slice(0, TOP_MEMORY);
  return {
    total: found.length,
    zombies: found.filter(({ isZombie }) => isZombie).length,
    by_name: Object.fromEntries(byCount.map(([name, { count }]) => [name, count])),
    omitted_names: Math.max(0, named.length - MAX_NAMES),
    top_memory: byMemory.map(([name, { rssKib }]) => ({
      name,
      rss_mb: Math.round(rssKib / 1024),
    })),
  };
}

async function readProc(
  system: TraitSystem,
  signal: AbortSignal,
): Promise<readonly ProcessFacts[]> {
  const pids = (await system.list("/proc")).filter((name) => /^\d+$/.test(name));
  const found = await mapSome(pids.slice(0, MAX_PROCESSES), signal, async (pid) => {
    try {
      return parseProcStatus(await system.readText(`/proc/${pid}/status`) ?? "");
    } catch (error) {
      if (isUnreadable(error)) return undefined;
      throw error;
    }
  });
  return found.filter((process) => process !== undefined);
}

/** Reads `/proc/PID/status`; `undefined` for a thread of the kernel, which has no memory of its own. */
export function parseProcStatus(text: string): ProcessFacts | undefined {
  const field = (name: string) => text.match(new RegExp(`^${name}:\\t+(.*)$`, "m"))?.[1]?.trim();
  const name = field("Name"), state = field("State");
  if (!name || !state) return undefined;
  const isZombie = state.startsWith("Z");
  const rss = field("VmRSS");
  if (rss === undefined && !isZombie) return undefined;
  return { name, isZombie, rssKib: Number(rss?.match(/^\d{1,15}/)?.[0] ?? 0) };
}

/** Parses `ps -axo stat=,rss=,ucomm=` of macOS. */
export function parsePs(text: string): readonly ProcessFacts[] {
  return text.split("\n").flatMap((line) => {
    const match = line.trim().match(/^(\S+)\s+(\d{1,15})\s+(\S.*)$/);
    if (!match?.[1] || !match[3]) return [];
    return [{ name: match[3], isZombie: match[1].startsWith("Z"), rssKib: Number(match[2]) }];
  });
}

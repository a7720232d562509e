/** What a process and those it started have used so far. */
export interface ProcessCost {
  readonly cpuMs: number;
  /** The most memory that was resident at once, of the largest of them. */
  readonly peakRssBytes: number;
}

/** Of /proc/PID/stat, which Linux counts in hundredths of a second whatever the kernel's own clock (proc(5)). */
const MS_PER_TICK = 10;

/** Reads the cost of a process of this machine from /proc; what has ended costs nothing. */
export async function readProcessCost(pid: number): Promise<ProcessCost> {
  try {
    const [stat, status, children] = await Promise.all([
      Deno.readTextFile(`/proc/${pid}/stat`),
      Deno.readTextFile(`/proc/${pid}/status`),
      Deno.readTextFile(`/proc/${pid}/task/${pid}/children`),
    ]);
    // The name in parentheses may hold anything; fields 14 and 15 are counted from behind it.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    const own: ProcessCost = {
      cpuMs: (Number(fields[11]) + Number(fields[12])) * MS_PER_TICK,
      peakRssBytes: Number(/VmHWM:\s*(\d+) kB/.exec(status)?.[1] ?? 0) * 1024,
    };
    const started = await Promise.all(
      children.split(" ").filter((text) => text.trim() !== "").map((text) =>
        readProcessCost(Number(text))
      ),
    );
    return [own, ...started].reduce((sum, one) => ({
      cpuMs: sum.cpuMs + one.cpuMs,
      peakRssBytes: Math.max(sum.peakRssBytes, one.peakRssBytes),
    }));
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    return { cpuMs: 0, peakRssBytes: 0 };
  }
}

import { findMissing, installSystemPackages } from "../../tools/system_packages.ts";
import { canUseNamespaces, NetworkFleet } from "../support/network_namespaces.ts";
import { TemporaryRoot } from "../support/temporary_root.ts";
import { type BenchReport, type BenchRow, describeMachine } from "./bench_report.ts";
import { ARIA2 } from "./fanout_aria2.ts";
import { FANOUT_CASES, type FanoutCase } from "./fanout_case.ts";
import { fanoutRows } from "./fanout_results.ts";
import type { FanoutRival } from "./fanout_rival.ts";
import { measureSwarm } from "./fanout_swarm.ts";
import { SYNCTHING } from "./fanout_syncthing.ts";
import type { BenchOptions, Progress } from "./main.ts";

const RIVALS: readonly FanoutRival[] = [SYNCTHING, ARIA2];
const RANDOM_BYTES = 65_536;

/**
 * How fast content reaches a fleet of real agents with a network namespace each on one bridge, and what each part of it costs:
 * mTLS on, nothing in any cache of the swarm, one origin. `cpu_s_per_gb` is of all processes, the origin's included;
 * `rss_peak` is of a receiver from the moment its engine is ready, `rss_idle` what it holds then. Rivals spread the same
 * content on the same bridge, right after.
 */
export async function benchFanout(
  progress: Progress,
  { rows: wanted }: BenchOptions,
): Promise<BenchReport> {
  const skipped: string[] = [];
  const rows: BenchRow[] = [];
  const cases = FANOUT_CASES.filter(({ name }) => wanted.length === 0 || wanted.includes(name));
  if (!canUseNamespaces()) {
    skipped.push("everything: network namespaces need Linux and root");
    return { bench: "fanout", machine: describeMachine(), rows, skipped };
  }
  const rivals = cases.some(({ withRivals }) => withRivals) ? await findRivals(skipped) : [];
  for (const one of cases) rows.push(...await measureCase(one, rivals, progress, skipped));
  return { bench: "fanout", machine: describeMachine(), rows, skipped };
}

async function measureCase(
  one: FanoutCase,
  rivals: readonly FanoutRival[],
  progress: Progress,
  skipped: string[],
): Promise<BenchRow[]> {
  await using net = await NetworkFleet.create({ hosts: one.receivers + 1 });
  await using root = await TemporaryRoot.create("vigo-fanout-");
  const content = root.join("content");
  await Deno.mkdir(content);
  for (let index = 0; index < one.files; index += 1) {
    await writeRandomFile(`${content}/payload-${index}.bin`, one.fileBytes);
  }
  const place = async (name: string) => {
    const folder = root.join(name);
    await Deno.mkdir(folder);
    return { net, folder, content, progress };
  };
  const rows = fanoutRows(one.name, "vigo", await measureSwarm(one, await place("vigo")));
  for (const rival of one.withRivals ? rivals : []) {
    try {
      const outcome = await rival.measure(one, await place(rival.name));
      rows.push(...fanoutRows(one.name, rival.name, outcome));
    } catch (error) {
      const [reason = ""] = String(error).split("\n");
      skipped.push(`${rival.name}: ${reason}`);
    }
  }
  return rows;
}

async function findRivals(skipped: string[]): Promise<FanoutRival[]> {
  await installSystemPackages(RIVALS.flatMap(({ needs }) => needs), (line) => console.error(line));
  const there: FanoutRival[] = [];
  for (const rival of RIVALS) {
    const [missing] = await findMissing(rival.needs);
    if (!missing) there.push(rival);
    else {
      const { program, package: debianPackage } = missing;
      skipped.push(`${rival.name}: ${program} is not installed (Debian package ${debianPackage})`);
    }
  }
  return there;
}

async function writeRandomFile(path: string, sizeBytes: number): Promise<void> {
  using file = await Deno.open(path, { write: true, create: true });
  const bytes = new Uint8Array(RANDOM_BYTES);
  for (let left = sizeBytes; left > 0;) {
    const part = bytes.subarray(0, Math.min(left, bytes.length));
    crypto.getRandomValues(part);
    left -= await file.write(part);
  }
}

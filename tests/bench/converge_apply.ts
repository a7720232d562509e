/**
 * Applies a set in this process as the daemon does, and prints what each run took as one JSON document. A program of its
 * own, so that every measurement begins like a daemon that was just started: `converge_apply.ts ROOT TARGET OWNER SIZE`.
 */
import process from "node:process";
import { join } from "node:path";
import { z } from "zod";
import { openPolicyApplier } from "../../agent/apply/apply_policy.ts";
import { fakeLog } from "../../agent/runtime/fake_log.ts";
import { NO_SECRETS } from "../../agent/apply/secret_source.ts";
import { DatabaseJournal } from "../../agent/store/database_journal.ts";
import { DatabaseSecretTraces } from "../../agent/store/database_secret_traces.ts";
import { openAgentDatabase } from "../../agent/store/open_agent_database.ts";
import { nativeSystem } from "../../agent/traits/native_system.ts";
import { merkleRoot, type PolicyBundle } from "../../shared/config/policy_bundle.ts";
import type { Outcome } from "../../shared/config/run_report.ts";
import { rootPaths } from "../../shared/platform/root_paths.ts";
import { toBundleResources } from "./converge_policy.ts";
import type { Sample } from "./converge_sample.ts";
import { makeConvergeSet } from "./converge_set.ts";

/** Runs before the measured ones: a daemon has its code compiled after a few of its minutes. */
const WARM_UP_RUNS = 5;
const MEASURED_RUNS = 5;

const sampleSchema = z.object({ wallMs: z.number(), cpuMs: z.number() });
/** What the program prints. */
export const appliedSchema = z.object({
  first: sampleSchema,
  noChange: z.array(sampleSchema),
  /** Most memory the process ever held, its runtime included; absent where the system does not tell (outside Linux). */
  peakRssBytes: z.number().optional(),
});
export type Applied = z.infer<typeof appliedSchema>;

async function measure(
  root: string,
  target: string,
  owner: string,
  size: number,
): Promise<Applied> {
  const paths = rootPaths(root);
  const stateFolder = paths.at("/var/lib/vigo");
  await Deno.mkdir(stateFolder, { recursive: true });
  using db = await openAgentDatabase(join(stateFolder, "agent.db"), {
    error: (message) => {
      throw new Error(message);
    },
  }, Date.now());
  const apply = await openPolicyApplier({
    paths,
    stateFolder,
    journal: new DatabaseJournal(db),
    secrets: NO_SECRETS,
    secretTraces: new DatabaseSecretTraces(db),
    hostname: "converge",
    system: nativeSystem(paths),
    log: fakeLog(),
  });
  const resources = toBundleResources(makeConvergeSet(size, owner), target);
  const bundle: PolicyBundle = {
    schema: 1,
    envoyUuid: crypto.randomUUID(),
    serial: 1,
    policyVersion: "converge",
    root: merkleRoot(resources).toHex(),
    issuedAtMs: Date.now(),
    resources,
  };
  const run = async (
    ...outcomes: readonly Outcome[]
  ): Promise<Required<Omit<Sample, "applyMs">>> => {
    const cpu = process.cpuUsage();
    const began = performance.now();
    const { report } = await apply(bundle, {
      runId: crypto.randomUUID(),
      trigger: "interval",
      dryRun: false,
      traits: {},
      failedCollectors: [],
      signal: new AbortController().signal,
    });
    const wallMs = performance.now() - began;
    const { user, system } = process.cpuUsage(cpu);
    const asWanted = outcomes.reduce((sum, outcome) => sum + report.counts[outcome], 0);
    if (asWanted !== resources.length) {
      const counts = JSON.stringify(report.counts);
      const wanted = outcomes.join(" or ");
      throw new Error(`Applied ${resources.length} resources: ${counts}, not all ${wanted}`);
    }
    return { wallMs, cpuMs: (user + system) / 1000 };
  };
  const first = await run("created", "updated");
  for (let i = 0; i < WARM_UP_RUNS; i++) await run("none");
  const noChange: Applied["noChange"] = [];
  for (let i = 0; i < MEASURED_RUNS; i++) noChange.push(await run("none"));
  const peakRssBytes = await readPeakRssBytes();
  return { first, noChange, ...(peakRssBytes === undefined ? {} : { peakRssBytes }) };
}

async function readPeakRssBytes(): Promise<number | undefined> {
  if (Deno.build.os !== "linux") return undefined;
  const status = await Deno.readTextFile("/proc/self/status");
  const [, kibibytes] = /^VmHWM:\s*(\d+) kB$/m.exec(status) ?? [];
  return kibibytes === undefined ? undefined : Number(kibibytes) * 1024;
}

if (import.meta.main) {
  const [root, target, owner, size] = z.tuple([
    z.string(),
    z.string(),
    z.string(),
    z.coerce.number(),
  ]).parse(Deno.args);
  console.log(JSON.stringify(await measure(root, target, owner, size)));
}

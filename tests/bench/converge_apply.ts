/**
 * Applies the file set in this process as the daemon does, and prints what each run took as one JSON document. A program of
 * its own, so that every measurement begins like a daemon that was just started: `converge_apply.ts ROOT TARGET OWNER`.
 */
import process from "node:process";
import { join } from "node:path";
import { z } from "zod";
import { openPolicyApplier } from "../../agent/apply/apply_policy.ts";
import { NO_SECRETS } from "../../agent/apply/secret_source.ts";
import { DatabaseJournal } from "../../agent/store/database_journal.ts";
import { DatabaseSecretTraces } from "../../agent/store/database_secret_traces.ts";
import { openAgentDatabase } from "../../agent/store/open_agent_database.ts";
import { nativeSystem } from "../../agent/traits/native_system.ts";
import { merkleRoot, type PolicyBundle } from "../../shared/config/policy_bundle.ts";
import { rootPaths } from "../../shared/platform/root_paths.ts";
import { makeFileSet, toBundleResources } from "./converge_files.ts";
import type { Sample } from "./converge_sample.ts";

/** Runs before the measured ones: a daemon has its code compiled after a few of its minutes. */
const WARM_UP_RUNS = 5;
const MEASURED_RUNS = 5;

const sampleSchema = z.object({ wallMs: z.number(), cpuMs: z.number() });
/** What the program prints. */
export const appliedSchema = z.object({ first: sampleSchema, noChange: z.array(sampleSchema) });
export type Applied = z.infer<typeof appliedSchema>;

async function measure(root: string, target: string, owner: string): Promise<Applied> {
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
  });
  const resources = toBundleResources(makeFileSet(owner), target);
  const bundle: PolicyBundle = {
    schema: 1,
    envoyUuid: crypto.randomUUID(),
    serial: 1,
    policyVersion: "converge",
    root: merkleRoot(resources).toHex(),
    issuedAtMs: Date.now(),
    resources,
  };
  const run = async (outcome: "created" | "none"): Promise<Required<Omit<Sample, "applyMs">>> => {
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
    if (report.counts[outcome] !== resources.length) {
      const counts = JSON.stringify(report.counts);
      throw new Error(`Applied ${resources.length} resources: ${counts}, not all ${outcome}`);
    }
    return { wallMs, cpuMs: (user + system) / 1000 };
  };
  const first = await run("created");
  for (let i = 0; i < WARM_UP_RUNS; i++) await run("none");
  const noChange: Applied["noChange"] = [];
  for (let i = 0; i < MEASURED_RUNS; i++) noChange.push(await run("none"));
  return { first, noChange };
}

if (import.meta.main) {
  const [root, target, owner] = z.tuple([z.string(), z.string(), z.string()]).parse(Deno.args);
  console.log(JSON.stringify(await measure(root, target, owner)));
}

import type { BundleResource } from "../../shared/config/policy_bundle.ts";
import { join } from "node:path";
import { type ResourceReport, resourceReportSchema } from "../../shared/config/run_report.ts";
import type { ThrowawayMachine } from "./throwaway_machine.ts";

/** The program that applies resources without a server. */
export const APPLY_DRIVER = join(import.meta.dirname ?? ".", "apply_driver.ts");

/** A resource as a test writes it: what is not given is empty. */
export interface TestResource {
  readonly id: string;
  readonly params: Readonly<Record<string, unknown>>;
  readonly dependsOn?: readonly string[];
  readonly notify?: readonly string[];
  readonly when?: BundleResource["when"];
}

/** Applies resources for real in a throw-away machine, and returns what each came to. */
async function applyInMachine(
  machine: ThrowawayMachine,
  resources: readonly TestResource[],
  { dryRun = false }: { readonly dryRun?: boolean } = {},
): Promise<readonly ResourceReport[]> {
  const stdout = await machine.runOrThrow(
    Deno.execPath(),
    ["run", "--allow-all", "--no-check", APPLY_DRIVER, "/var/lib/vigo"],
    { stdin: JSON.stringify({ dryRun, resources }) },
  );
  const lines = stdout.trim().split("\n");
  return lines.slice(0, -1).map((line) => resourceReportSchema.parse(JSON.parse(line)));
}

/** What each resource came to, as `outcome` or `outcome: reason`. */
export async function outcomesInMachine(
  machine: ThrowawayMachine,
  resources: readonly TestResource[],
  options: { readonly dryRun?: boolean } = {},
): Promise<readonly string[]> {
  const reports = await applyInMachine(machine, resources, options);
  return reports.map(({ outcome, reason }) => reason ? `${outcome}: ${reason}` : outcome);
}

import { type BundleResource, resourceLeaf } from "../../shared/config/policy_bundle.ts";
import type { ChangeCause, ResourceReport, RunReport } from "../../shared/config/run_report.ts";

/**
 * As what each resource was last found or made: id → digest of what the policy asked of it then. It decides whether a change
 * follows the policy or puts back what the machine has lost, and says so however long the envoy was without a server.
 */
export interface SettledResources {
  /** Root of the bundle that the last run applied, hex; empty before the first. */
  readonly root: string;
  /** Whether that run left every resource of it settled. */
  readonly isWhole: boolean;
  readonly digests: Readonly<Record<string, string>>;
}

/** No run has ended yet. */
export const NOTHING_SETTLED: SettledResources = { root: "", isWhole: false, digests: {} };

/** Hex digits kept of a digest: enough that no two definitions of one resource are taken for each other. */
const DIGEST_DIGITS = 32;

/** What was judged of a run: its report with causes, and what holds after it. */
export interface JudgedRun {
  readonly report: RunReport;
  readonly settled: SettledResources;
}

/**
 * Says of everything that a run changed, or failed to, why it had to be: the policy wants something else of it than when the
 * machine was last as wanted, or was told by something of which that is so; otherwise the machine has drifted.
 *
 * A resource that did not come to what is wanted keeps what it was settled as, so that its next attempt has the same cause.
 * Costs nothing but a look at the report while the policy stays and the machine follows it.
 */
export function judgeRun(
  report: RunReport,
  resources: readonly BundleResource[],
  settled: SettledResources,
): JudgedRun {
  const isSteady = settled.isWhole && settled.root === report.root;
  const told = new Map(report.resources.map((resource) => [resource.id, resource]));
  // Of a report that was cut nobody knows what is missing.
  const unsettled = report.truncated || report.resources.some((one) => !isSettled(one));
  if (isSteady && !unsettled) {
    const resourcesWithCause = report.resources.map((resource) =>
      withCause(resource, "corrective")
    );
    return { report: { ...report, resources: resourcesWithCause }, settled };
  }
  const intended = new Set<string>();
  const digests: Record<string, string> = {};
  for (const { notify, ...resource } of resources.map(withDigest)) {
    const { id, digest } = resource;
    const outcome = told.get(id);
    const before = Object.hasOwn(settled.digests, id) ? settled.digests[id] : undefined;
    if (before !== digest) intended.add(id);
    if (outcome && CHANGES.has(outcome.outcome) && intended.has(id)) {
      for (const target of notify) intended.add(target);
    }
    if (outcome ? isSettled(outcome) : !report.truncated) digests[id] = digest;
    else if (before !== undefined) digests[id] = before;
  }
  return {
    report: {
      ...report,
      resources: report.resources.map((resource) =>
        withCause(resource, intended.has(resource.id) ? "intentional" : "corrective")
      ),
    },
    settled: { root: report.root, isWhole: !unsettled, digests },
  };
}

/** Runs in a row that changed something, the last one included. */
export function countStreak(previous: number, changed: number): number {
  return changed > 0 ? previous + 1 : 0;
}

/** The number of a run: above the one before, and above all that an `agent.db` that is lost has given out. */
export function nextRunSerial(previous: number, nowMs: number): number {
  return Math.max(previous + 1, Math.trunc(nowMs));
}

/** Reads what was kept; anything else than what this program writes counts as nothing, and the next run writes it anew. */
export function readSettled(text: string | undefined): SettledResources {
  if (text === undefined || text === "") return NOTHING_SETTLED;
  try {
    const value: unknown = JSON.parse(text);
    return isKept(value) ? value : NOTHING_SETTLED;
  } catch (error) {
    if (error instanceof SyntaxError) return NOTHING_SETTLED;
    throw error;
  }
}

const CHANGES: ReadonlySet<string> = new Set(["created", "updated", "deleted"]);
/** Outcomes that have a cause: something was changed, or was to be. */
const CAUSED: ReadonlySet<string> = new Set([...CHANGES, "failed", "blocked", "would_change"]);

function isSettled({ outcome }: ResourceReport): boolean {
  return outcome === "none" || CHANGES.has(outcome);
}

function withCause(resource: ResourceReport, cause: ChangeCause): ResourceReport {
  return CAUSED.has(resource.outcome) ? { ...resource, cause } : resource;
}

function withDigest(resource: BundleResource) {
  const { id, notify } = resource;
  return { id, notify, digest: resourceLeaf(resource).toHex().slice(0, DIGEST_DIGITS) };
}

function isKept(value: unknown): value is SettledResources {
  const { root, isWhole, digests } = Object(value);
  return typeof root === "string" && typeof isWhole === "boolean" && digests !== null &&
    typeof digests === "object" &&
    Object.values(digests).every((digest) => typeof digest === "string");
}

import { asksWhatMachineIs } from "../apply/decide_condition.ts";
import type { FilledMark } from "../apply/filled_mark.ts";
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
  /** Of each resource with a secret: the epoch of the secrets at which it was settled. */
  readonly secretEpochs: Readonly<Record<string, number>>;
  /** Of the same, marks that cover the secrets; empty after a restart, since they are never written. */
  readonly secretMarks: Readonly<Record<string, string>>;
}

/** What a run worked out on the machine. */
export interface WorkedOut {
  /** By id, of resources that were looked at and left something to fill in. */
  readonly filled: ReadonlyMap<string, FilledMark>;
  /** At which epoch the secrets of the run were resolved; 0 if some were not. */
  readonly secretEpoch: number;
  /** Ids of resources that the policy wants nothing of, since a condition on what the machine is does not hold. */
  readonly unwanted: ReadonlySet<string>;
}

/** No run has ended yet. */
export const NOTHING_SETTLED: SettledResources = {
  root: "",
  isWhole: false,
  digests: {},
  secretEpochs: {},
  secretMarks: {},
};

const NOTHING_WORKED_OUT: WorkedOut = { filled: new Map(), secretEpoch: 0, unwanted: new Set() };

/** Hex digits kept of a digest: enough that no two definitions of one resource are taken for each other. */
const DIGEST_DIGITS = 32;

/** What was judged of a run: its report with causes, and what holds after it. */
export interface JudgedRun {
  readonly report: RunReport;
  readonly settled: SettledResources;
}

/**
 * Says of everything that a run changed, or failed to, why it had to be: the policy wants something else of it than when the
 * machine was last as wanted, or was told by something of which that is so; otherwise the machine has drifted. What the
 * policy wants is judged with its templates, secrets and conditions worked out: a rotated secret, a new trait, and a machine
 * that has become one of those that the policy means are intentions. After a restart no value of a secret is known that could
 * be compared; a rotation of any counts as one then.
 *
 * A resource that did not come to what is wanted keeps what it was settled as, so that its next attempt has the same cause.
 * Costs nothing but a look at the report while the policy stays and the machine follows it.
 */
export function judgeRun(
  report: RunReport,
  resources: readonly BundleResource[],
  settled: SettledResources,
  workedOut: WorkedOut = NOTHING_WORKED_OUT,
): JudgedRun {
  const isSteady = settled.isWhole && settled.root === report.root;
  const told = new Map(report.resources.map((resource) => [resource.id, resource]));
  // Of a report that was cut nobody knows what is missing.
  const unsettled = report.truncated || report.resources.some((one) => !isSettled(one));
  if (isSteady && !unsettled && isAsSettled(resources, settled, workedOut)) {
    const resourcesWithCause = report.resources.map((resource) =>
      withCause(resource, "corrective")
    );
    return { report: { ...report, resources: resourcesWithCause }, settled };
  }
  const intended = new Set<string>();
  const after = { digests: {}, secretEpochs: {}, secretMarks: {} } satisfies Definitions;
  for (const resource of resources) {
    const { id, notify } = resource;
    const outcome = told.get(id);
    const before = definitionIn(settled, id);
    const isWanted = !workedOut.unwanted.has(id);
    const now = isWanted ? definitionOf(resource, workedOut) ?? before : undefined;
    if (before === undefined || now === undefined || !isSame(before, now)) intended.add(id);
    if (outcome && CHANGES.has(outcome.outcome) && intended.has(id)) {
      for (const target of notify) intended.add(target);
    }
    const isNow = outcome ? isSettled(outcome) : !report.truncated;
    // What was as wanted once is wanted anew after a time in which it was not.
    if (isWanted) keepDefinition(after, id, isNow ? now : before);
  }
  return {
    report: {
      ...report,
      resources: report.resources.map((resource) =>
        withCause(resource, intended.has(resource.id) ? "intentional" : "corrective")
      ),
    },
    settled: { root: report.root, isWhole: !unsettled, ...after },
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

/** What is kept of it in a file. */
export function writeSettled({ secretMarks: _never, ...settled }: SettledResources): string {
  return JSON.stringify(settled);
}

/** Reads what was kept; anything else than what this program writes counts as nothing, and the next run writes it anew. */
export function readSettled(text: string | undefined): SettledResources {
  if (text === undefined || text === "") return NOTHING_SETTLED;
  try {
    const value: unknown = JSON.parse(text);
    return isKept(value) ? { ...value, secretMarks: {} } : NOTHING_SETTLED;
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

/** What the policy asks of one resource. */
interface Definition {
  readonly digest: string;
  /** Of one with secrets. */
  readonly secretEpoch?: number;
  readonly secretMark?: string;
}

type Definitions = Pick<SettledResources, "digests" | "secretEpochs" | "secretMarks">;

/** Undefined for what was not looked at, as long as something is to be filled in. */
function definitionOf(
  resource: BundleResource,
  { filled, secretEpoch }: WorkedOut,
): Definition | undefined {
  if (resource.deferred === undefined) {
    return { digest: shorten(resourceLeaf(resource).toHex()) };
  }
  const mark = filled.get(resource.id);
  return mark && definitionFrom(mark, secretEpoch);
}

function definitionFrom({ digest, secretMark }: FilledMark, secretEpoch: number): Definition {
  return {
    digest: shorten(digest),
    ...(secretMark === undefined ? {} : { secretEpoch, secretMark }),
  };
}

function shorten(digest: string): string {
  return digest.slice(0, DIGEST_DIGITS);
}

function definitionIn(
  { digests, secretEpochs, secretMarks }: Definitions,
  id: string,
): Definition | undefined {
  const own = <Value>(record: Readonly<Record<string, Value>>) =>
    Object.hasOwn(record, id) ? record[id] : undefined;
  const digest = own(digests), secretEpoch = own(secretEpochs), secretMark = own(secretMarks);
  return digest === undefined ? undefined : {
    digest,
    ...(secretEpoch === undefined ? {} : { secretEpoch }),
    ...(secretMark === undefined ? {} : { secretMark }),
  };
}

/** The mark tells exactly; without one an epoch tells whether any secret has changed, unless it is unknown itself. */
function isSame(before: Definition, now: Definition): boolean {
  if (before.digest !== now.digest) return false;
  if (now.secretMark === undefined || before.secretMark !== undefined) {
    return before.secretMark === now.secretMark;
  }
  return before.secretEpoch === now.secretEpoch && now.secretEpoch !== 0;
}

function isAsSettled(
  resources: readonly BundleResource[],
  settled: SettledResources,
  { filled, secretEpoch, unwanted }: WorkedOut,
): boolean {
  const isSettledWhereWanted = resources.every(({ id, when }) =>
    !asksWhatMachineIs(when) || unwanted.has(id) !== Object.hasOwn(settled.digests, id)
  );
  return isSettledWhereWanted && [...filled].every(([id, mark]) => {
    const before = definitionIn(settled, id);
    const now = definitionFrom(mark, secretEpoch);
    return before?.digest === now.digest && before.secretMark === now.secretMark &&
      before.secretEpoch === now.secretEpoch;
  });
}

function keepDefinition(
  { digests, secretEpochs, secretMarks }: {
    readonly [Part in keyof Definitions]: Record<string, Definitions[Part][string]>;
  },
  id: string,
  definition: Definition | undefined,
): void {
  if (definition === undefined) return;
  const { digest, secretEpoch, secretMark } = definition;
  digests[id] = digest;
  if (secretEpoch !== undefined) secretEpochs[id] = secretEpoch;
  if (secretMark !== undefined) secretMarks[id] = secretMark;
}

function isKept(value: unknown): value is Omit<SettledResources, "secretMarks"> {
  const { root, isWhole, digests, secretEpochs } = Object(value);
  return typeof root === "string" && typeof isWhole === "boolean" &&
    isRecordOf("string", digests) && isRecordOf("number", secretEpochs);
}

function isRecordOf(type: "string" | "number", value: unknown): boolean {
  return value !== null && typeof value === "object" &&
    Object.values(value).every((one) => typeof one === type);
}

import type { Outcome } from "../../shared/config/run_report.ts";
import type { BoundResource } from "../resources/bind_resource.ts";
import type { ApplyContext } from "../resources/resource.ts";
import { BlockedError } from "../system/blocked_error.ts";
import { FileError, isInfrastructureFault } from "../system/file_error.ts";

/** What one resource came to. */
export interface Result {
  readonly outcome: Outcome;
  readonly diff?: string;
  readonly reason?: string;
}

/** How long a resource may go on after the run was told to stop: the agent itself has five seconds. */
const ABORT_GRACE_MS = 4_000;

export interface RunOptions {
  readonly dryRun: boolean;
  /** Called between the check and the change. */
  readonly beforeChange: () => Promise<void>;
}

/**
 * Looks, changes what differs, and looks again. Whatever a resource throws ends here as its result, so that one broken
 * resource costs that one only. When the run is stopped, the resource gets a moment to end by itself; one that does not
 * is left behind, since a package manager that is ended halfway leaves work for a person.
 */
export async function runResource(
  resource: BoundResource,
  context: ApplyContext,
  options: RunOptions,
): Promise<Result> {
  const { promise: gaveUp, resolve } = Promise.withResolvers<Result>();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const onAbort = () => {
    timer = setTimeout(() => {
      resolve({ outcome: "failed", reason: "the run was stopped while this was being changed" });
    }, ABORT_GRACE_MS);
  };
  context.signal.addEventListener("abort", onAbort, { once: true });
  try {
    return await Promise.race([lookAndChange(resource, context, options), gaveUp]);
  } finally {
    context.signal.removeEventListener("abort", onAbort);
    clearTimeout(timer);
  }
}

async function lookAndChange(
  resource: BoundResource,
  context: ApplyContext,
  options: RunOptions,
): Promise<Result> {
  let diff: string;
  try {
    const finding = await resource.check(context);
    if (finding.kind === "in_sync") return { outcome: "none" };
    if (finding.kind === "unknown") return { outcome: "unknown", reason: finding.reason };
    diff = finding.diff;
  } catch (error) {
    return resultOf(error, context, "unknown");
  }
  if (options.dryRun) return { outcome: "would_change", diff };
  try {
    await options.beforeChange();
    return { diff, ...await change(resource, context) };
  } catch (error) {
    return { diff, ...resultOf(error, context, "failed") };
  }
}

async function change(resource: BoundResource, context: ApplyContext): Promise<Result> {
  const outcome = await resource.apply(context);
  if (!resource.settles(context)) return { outcome };
  // The notification has been acted on; a restart must not be asked for twice.
  const finding = await resource.check({ ...context, notified: false });
  if (finding.kind === "in_sync") return { outcome };
  const still = finding.kind === "unknown" ? finding.reason : finding.diff;
  return { outcome: "failed", reason: `does not settle; right after the change: ${still}` };
}

/** @param forFileError What a file that cannot be read or written makes of the resource. */
function resultOf(
  error: unknown,
  { signal }: ApplyContext,
  forFileError: "unknown" | "failed",
): Result {
  const reason = error instanceof Error ? error.message : String(error);
  if (signal.aborted && error instanceof Error && error.name === "AbortError") {
    return { outcome: "skipped", reason: "the run was stopped" };
  }
  if (error instanceof BlockedError || isInfrastructureFault(error)) {
    return { outcome: "blocked", reason };
  }
  return { outcome: error instanceof FileError ? forFileError : "failed", reason };
}

import { type TaskResult, taskResults, type TaskSummary } from "../../../shared/rest/tasks.ts";
import { type Verdict, VERDICTS } from "../../../shared/tasks/verdict.ts";
import { allPages } from "../../client/all_pages.ts";
import type { ApiClient } from "../../client/api_client.ts";
import type { CliContext } from "../../context.ts";
import { renderResult } from "../../output/task.ts";

/** Targets that are shown one by one, unless all are asked for. */
const MAX_SHOWN = 100;
const BAD: readonly Verdict[] = VERDICTS.filter((verdict) => verdict !== "complete");

/** Which targets are shown, and how much of each. */
export interface ShownResults {
  /** Every target with all of its output. */
  readonly full?: boolean;
  /** Verdicts, separated by commas; targets with others, or none yet, are left out. */
  readonly verdict?: string | undefined;
}

/** A task with every target and all of its output, as the API tells it. */
export async function wholeTask(
  client: ApiClient,
  task: TaskSummary,
  { verdict }: ShownResults = {},
): Promise<{ readonly task: TaskSummary; readonly results: readonly TaskResult[] }> {
  const results = await allPages(
    (query) =>
      client.call(taskResults, {
        params: { id: task.id },
        query: { ...query, ...(verdict === undefined ? {} : { verdict }) },
      }),
    (page) => page.results,
  );
  return { task, results };
}

/** Prints a block for each target; of a large task those first that are not complete, and a hint where some are left out. */
export async function showResults(
  client: ApiClient,
  task: TaskSummary,
  { output }: Pick<CliContext, "output">,
  { full = false, verdict }: ShownResults = {},
): Promise<void> {
  const hint = full ? undefined : `all of it: vigocli task status ${task.id} --full`;
  // Who asks for certain verdicts, or for all, gets them in the order of the plan.
  const isLarge = !full && verdict === undefined && task.targets > MAX_SHOWN &&
    task.status !== "running";
  const passes = isLarge ? [BAD.join(","), "complete"] : [verdict];
  let shown = 0;
  for (const verdicts of passes) {
    let cursor: string | null = null;
    do {
      const limit = full ? MAX_SHOWN : MAX_SHOWN - shown;
      if (limit === 0) break;
      const page: { results: TaskResult[]; nextCursor: string | null } = await client.call(
        taskResults,
        {
          params: { id: task.id },
          query: {
            limit,
            ...(cursor === null ? {} : { cursor }),
            ...(verdicts === undefined ? {} : { verdict: verdicts }),
          },
        },
      );
      for (const result of page.results) {
        output.line(renderResult(result, output.style, hint));
      }
      shown += page.results.length;
      cursor = page.nextCursor;
    } while (cursor !== null);
  }
  if (shown === 0 && verdict !== undefined) output.note(`No target is ${verdict}`);
  const left = countOf(task, verdict) - shown;
  if (!full && left > 0) {
    output.note(
      `${left} more targets; see all with: vigocli task status ${task.id} --full, or some with --verdict`,
    );
  }
}

function countOf({ counts, targets }: TaskSummary, verdict: string | undefined): number {
  if (verdict === undefined) return targets;
  const words = verdict.split(",").map((word) => word.trim());
  return VERDICTS.filter((known) => words.includes(known))
    .reduce((sum, known) => sum + counts[known], 0);
}

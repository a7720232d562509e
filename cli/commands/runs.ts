import { Command } from "@commander-js/extra-typings";
import { runList, runShow, type RunSummary } from "../../shared/rest/runs.ts";
import type { ResourceReport } from "../../shared/config/run_report.ts";
import { formatDuration } from "../../shared/terminal/duration.ts";
import { formatRelativeTime } from "../../shared/terminal/relative_time.ts";
import { sanitize, sanitizeLines } from "../../shared/terminal/sanitize.ts";
import { wholeNumber } from "../../shared/terminal/argument_parser.ts";
import type { Style } from "../../shared/terminal/style.ts";
import { type Cell, renderTable } from "../../shared/terminal/table.ts";
import { withExamples } from "../../shared/terminal/run_cli.ts";
import type { CliContext } from "../context.ts";
import { statusCell } from "../output/status_word.ts";
import { CURSOR_OPTION, noteNextPage } from "../output/next_page.ts";
import { parseSince } from "./parse_since.ts";
import { serverCommand } from "./server_command.ts";

/** `vigocli runs`: what applying the policy changed, and where it failed. Without a verb it lists. */
export function runsCommand(context: CliContext): Command {
  const runs = new Command("runs").description("What runs changed, and where they failed");
  runs.addCommand(listCommand(context), { isDefault: true });
  runs.addCommand(showCommand(context));
  return withExamples(runs, [["vigocli runs", "the latest changes of the fleet"]]);
}

function listCommand(context: CliContext) {
  const command = serverCommand("list")
    .description("List runs that changed something or failed, newest first")
    .option("--host <host>", "only of this envoy (hostname or UUID)")
    .option("--target <spec>", "only of envoys that this target spec hits")
    .option("--status <list>", "only with one of these outcomes: changed, degraded, failed")
    .option("--failed", "the same as --status failed", false)
    .option("--since <when>", "only since then: a duration like 2h, or a time like 2026-01-31")
    .option("--limit <count>", "how many", wholeNumber(1, 1000), 20)
    .option(...CURSOR_OPTION)
    .action(async ({ host, target, status, failed, since, limit, cursor, json, ...flags }) => {
      const outcomes = failed ? "failed" : status;
      const sinceMs = since === undefined ? undefined : parseSince(since, context.now());
      using client = await context.connect(flags);
      const answer = await client.call(runList, {
        query: {
          limit,
          ...(host === undefined ? {} : { host }),
          ...(target === undefined ? {} : { target }),
          ...(outcomes === undefined ? {} : { status: outcomes }),
          ...(sinceMs === undefined ? {} : { since: sinceMs }),
          ...(cursor === undefined ? {} : { cursor }),
        },
      });
      if (json) return context.output.json(answer);
      if (answer.runs.length === 0) {
        return context.output.note(
          "No such runs. A run that changes nothing is a heartbeat, not a row",
        );
      }
      context.output.line(renderRuns(answer.runs, context.now(), context.output.style));
      noteNextPage(context.output, answer.nextCursor);
    });
  return withExamples(command, [
    ["vigocli runs", "the latest changes of the fleet"],
    ["vigocli runs list --host web-1 --failed", "what went wrong on web-1"],
    ["vigocli runs list --target 'web-*' --since 2h", "what changed on web servers just now"],
  ]);
}

function showCommand(context: CliContext) {
  const command = serverCommand("show")
    .description("Show one run with its changes")
    .argument("<id>", "run ID")
    .action(async (id, { json, ...flags }) => {
      using client = await context.connect(flags);
      const run = await client.call(runShow, { params: { id } });
      if (json) return context.output.json(run);
      context.output.line(
        [
          `Run:      ${run.runId}`,
          `Host:     ${sanitize(run.hostname)}`,
          `Outcome:  ${run.outcome}`,
          `Policy:   ${sanitize(run.policyVersion)}`,
          `Trigger:  ${sanitize(run.trigger)}`,
          `Started:  ${new Date(run.startedAtMs).toISOString()}`,
          `Took:     ${formatDuration(run.durationMs)}`,
          `Changed:  ${run.changed} of ${run.total}, ${run.failed} failed, ${run.blocked} blocked, ${run.unknown} unknown, ${run.skipped} skipped`,
          `Cause:    ${run.intentional} intentional (the policy changed), ${run.corrective} corrective (the machine drifted)`,
          ...run.report.resources.flatMap(renderResource),
          ...(run.report.truncated
            ? ["", "Some diffs were left out to keep the report small"]
            : []),
        ].join("\n"),
      );
    });
  return withExamples(command, [[
    "vigocli runs show 6f1c2a4e-0000-4000-8000-000000000000",
    "the diffs of one run",
  ]]);
}

function renderRuns(runs: readonly RunSummary[], nowMs: number, style: Style): string {
  return renderTable(
    [
      { header: "RUN" },
      { header: "HOST" },
      { header: "OUTCOME" },
      { header: "CHANGED", align: "right" },
      { header: "CORRECTIVE", align: "right" },
      { header: "FAILED", align: "right" },
      { header: "SKIPPED", align: "right" },
      { header: "TRIGGER" },
      { header: "TOOK", align: "right" },
      { header: "STARTED" },
    ],
    runs.map((run) => [
      run.runId,
      run.hostname,
      statusCell(run.outcome, style),
      `${run.changed}/${run.total}`,
      String(run.corrective),
      count(run.failed + run.blocked, style.red),
      String(run.skipped),
      run.trigger,
      formatDuration(run.durationMs),
      formatRelativeTime(run.startedAtMs, nowMs),
    ]),
  ).trimEnd();
}

/** A number that is seen where it is not zero. */
function count(amount: number, dress: (text: string) => string): Cell {
  return amount === 0 ? "0" : { text: String(amount), style: dress };
}

function renderResource(resource: ResourceReport): string[] {
  const lines = [
    "",
    `--- ${sanitize(resource.id)} [${
      [resource.outcome, ...resource.cause ? [resource.cause] : []].join(", ")
    }] (${sanitize(resource.crate)})`,
  ];
  if (resource.reason !== undefined) lines.push(sanitizeLines(resource.reason));
  if (resource.diff !== undefined) lines.push(sanitizeLines(resource.diff.trimEnd()));
  return lines;
}

import { Command } from "@commander-js/extra-typings";
import type { RootPaths } from "../../shared/platform/root_paths.ts";
import { CommandExit } from "../../shared/terminal/command_exit.ts";
import { EXIT_CODE } from "../../shared/terminal/exit_code.ts";
import { jsonText } from "../../shared/terminal/json_text.ts";
import { formatRelativeTime } from "../../shared/terminal/relative_time.ts";
import { withExamples } from "../../shared/terminal/run_cli.ts";
import { sanitize } from "../../shared/terminal/sanitize.ts";
import { UserError } from "../../shared/terminal/user_error.ts";
import { SecretTraces } from "../apply/secret_traces.ts";
import { FileSnapshotStore, type RunSnapshots } from "../apply/snapshot_store.ts";
import { planUndo, type UndoResult, type UndoStep, undoSteps } from "../apply/undo_run.ts";
import { FileLock } from "../runtime/cycle_lock.ts";
import { type AgentPaths, agentPaths } from "../store/agent_paths.ts";
import { DatabaseSecretTraces } from "../store/database_secret_traces.ts";
import { nameOfOperator, type Pause, writePause } from "../store/pause.ts";
import { openLocalMachine } from "../system/local_machine.ts";
import type { Machine } from "../system/machine.ts";
import type { AgentContext } from "./context.ts";
import { explain } from "./explain.ts";
import { openDatabase } from "./open_database.ts";
import { wakeDaemon } from "./wake_daemon.ts";

/** Shortest beginning of a run's id that names it. */
const MIN_PREFIX_LENGTH = 4;

/** `vigo undo`: puts back what a run overwrote, and pauses, since the next run would do it again. */
export function undoCommand(context: AgentContext, roots: () => RootPaths) {
  const command = new Command("undo")
    .description("Put back the files that a run overwrote or removed, and pause the agent")
    .argument("[run]", "id of the run or its beginning; without it the runs are listed")
    .option("--dry-run", "show what would be put back, and change nothing")
    .option("--force", "also put back files that later runs changed")
    .option("--json", "print JSON")
    .action((run, flags) =>
      explain(
        run === undefined
          ? listRuns(context, roots(), flags.json ?? false)
          : undo(context, roots(), run, {
            dryRun: flags.dryRun ?? false,
            force: flags.force ?? false,
            json: flags.json ?? false,
          }),
      )
    );
  command.addHelpText(
    "after",
    "\nThe last five contents of each file are kept. What a run created stays, and so\ndoes what it did other than to files. The undo is kept like a run, so it can be\nundone too.\nEnds with 1 when a file could not be put back, 3 when later runs changed one.",
  );
  return withExamples(command, [
    ["vigo undo", "the runs of which something is kept"],
    ["vigo undo 6f1c --dry-run", "what would be put back"],
    ["vigo undo 6f1c", "put it back and pause"],
  ]);
}

async function listRuns(context: AgentContext, roots: RootPaths, json: boolean): Promise<void> {
  const { store } = await openStore(roots);
  const runs = await store.runs();
  if (json) {
    context.write(jsonText({ runs }));
    return;
  }
  if (runs.length === 0) context.write("No run has overwritten anything that is kept\n");
  for (const { runId, firstTakenAtMs, paths } of runs) {
    const when = formatRelativeTime(firstTakenAtMs, context.now());
    const [first = "", ...others] = paths;
    const more = others.length === 0 ? "" : ` and ${others.length} more`;
    context.write(`${runId}  ${when.padEnd(12)}  ${sanitize(first)}${more}\n`);
  }
}

interface UndoFlags {
  readonly dryRun: boolean;
  readonly force: boolean;
  readonly json: boolean;
}

async function undo(
  context: AgentContext,
  roots: RootPaths,
  prefix: string,
  { dryRun, force, json }: UndoFlags,
): Promise<void> {
  const { paths, machine, store } = await openStore(roots);
  const { runId } = findRun(prefix, await store.runs());
  if (dryRun) {
    const steps = await planUndo(runId, store, machine.files);
    if (json) context.write(jsonText({ runId, steps: steps.map(outline) }));
    else for (const step of steps) context.write(renderStep(step));
    return;
  }
  using _lock = await FileLock.take(paths.cycleLock, {
    pid: Deno.pid,
    what: "vigo undo",
    sinceMs: context.now(),
  });
  using db = await openDatabase(paths, context);
  const pause: Pause = {
    reason: `run ${runId.slice(0, 8)} was undone`,
    by: nameOfOperator(context.env),
    sinceMs: context.now(),
    untilMs: null,
  };
  // Before the first file: a run right after a crash would overwrite what was put back.
  writePause(db, pause);
  const undoRunId = crypto.randomUUID();
  const results = await undoSteps(await planUndo(runId, store, machine.files), {
    undoRunId,
    store,
    files: machine.files,
    traces: await SecretTraces.load(new DatabaseSecretTraces(db)),
    force,
    onResult: (result) => {
      if (!json) context.write(renderResult(result));
    },
  });
  const daemonTold = await wakeDaemon(paths, context.signal);
  if (json) {
    const answer = { runId, undoRunId, results, pause, daemonTold };
    context.write(jsonText(answer));
  } else {
    context.write('The agent is paused. Mend the policy, then run "vigo resume"\n');
  }
  if (results.some(({ outcome }) => outcome === "failed")) {
    throw new CommandExit(EXIT_CODE.failed);
  }
  if (results.some(({ outcome }) => outcome === "kept")) {
    throw new UserError("Some files were changed by later runs and are as they were. Use --force", {
      exitCode: EXIT_CODE.refused,
    });
  }
}

async function openStore(
  roots: RootPaths,
): Promise<{ paths: AgentPaths; machine: Machine; store: FileSnapshotStore }> {
  const paths = agentPaths(roots);
  const machine = await openLocalMachine(roots.root);
  const folder = `${paths.stateFolder}/snapshots`;
  return { paths, machine, store: new FileSnapshotStore(machine.files, folder, machine.self) };
}

/** @throws {UserError} unless exactly one run begins so. */
function findRun(prefix: string, runs: readonly RunSnapshots[]): RunSnapshots {
  if (prefix.length < MIN_PREFIX_LENGTH) {
    throw new UserError(
      `Cannot find run "${prefix}". Write at least ${MIN_PREFIX_LENGTH} characters of its id`,
      { exitCode: EXIT_CODE.usage },
    );
  }
  const [found, second] = runs.filter(({ runId }) => runId.startsWith(prefix.toLowerCase()));
  if (found && !second) return found;
  throw new UserError(
    found
      ? `Cannot tell run "${prefix}": several begin so. Write more of the id`
      : `Cannot undo run "${prefix}": nothing of it is kept here. "vigo undo" lists the runs that can be undone`,
  );
}

function outline({ path, state, laterRunId, snapshot }: UndoStep) {
  return { path, state, laterRunId: laterRunId ?? null, takenAtMs: snapshot.takenAtMs };
}

function renderStep({ path, state, laterRunId, snapshot }: UndoStep): string {
  const what = {
    ready: `would be put back (${snapshot.sizeBytes} bytes)`,
    same: "is as it was",
    later: `was changed by run ${laterRunId} since; --force would put it back`,
  }[state];
  return `${sanitize(path)}: ${what}\n`;
}

function renderResult({ path, outcome, reason }: UndoResult): string {
  const what = {
    restored: "put back",
    same: "is as it was",
    kept: "left as it is",
    failed: "could not be put back",
  }[outcome];
  return `${sanitize(path)}: ${what}${reason === undefined ? "" : ` (${sanitize(reason)})`}\n`;
}

import { counted } from "../../shared/terminal/counted.ts";
import { Command } from "@commander-js/extra-typings";
import { dbIntegrity, dbPrune, dbStats, dbVacuum } from "../../shared/rest/database.ts";
import { formatBytes } from "../../shared/terminal/bytes.ts";
import { formatDuration } from "../../shared/terminal/duration.ts";
import { withExamples } from "../../shared/terminal/run_cli.ts";
import { sanitize } from "../../shared/terminal/sanitize.ts";
import { renderTable } from "../../shared/terminal/table.ts";
import { UserError } from "../../shared/terminal/user_error.ts";
import type { CliContext } from "../context.ts";
import { serverCommand } from "./server_command.ts";

/** `vigocli db`: looks after the server's database. */
export function dbCommand(context: CliContext): Command {
  const db = new Command("db").description("Look after the server's database");
  db.addCommand(statsCommand(context));
  db.addCommand(integrityCommand(context));
  db.addCommand(vacuumCommand(context));
  db.addCommand(pruneCommand(context));
  return withExamples(db, [
    ["vigocli db stats", "how large it is, and of what"],
    ["vigocli db prune && vigocli db vacuum", "make room on the disk now"],
  ]);
}

function statsCommand(context: CliContext) {
  const command = serverCommand("stats")
    .description("Show how large the database is, and of what")
    .action(async ({ json, ...flags }) => {
      using client = await context.connect(flags);
      const stats = await client.call(dbStats);
      if (json) return context.output.json(stats);
      const rows = renderTable(
        [{ header: "TABLE" }, { header: "ROWS", align: "right" }],
        stats.tables.map(({ name, rows }) => [name, String(rows)]),
      );
      context.output.line(
        [
          `Driver:     ${sanitize(stats.driver)}, schema ${stats.schemaVersion}`,
          `Size:       ${formatBytes(stats.sizeBytes)}, of which ${
            formatBytes(stats.freeBytes)
          } can be given back`,
          `Retention:  ${formatDuration(stats.retentionMs)}`,
          "",
          rows.trimEnd(),
        ].join("\n"),
      );
    });
  return withExamples(command, [["vigocli db stats", "which table grows"]]);
}

function integrityCommand(context: CliContext) {
  const command = serverCommand("integrity")
    .description("Read the whole database and report what is damaged")
    .action(async ({ json, ...flags }) => {
      using client = await context.connect(flags);
      context.output.progress("Reading the database…");
      const answer = await client.call(dbIntegrity, { body: {} })
        .finally(() => context.output.endProgress(false));
      if (json) context.output.json(answer);
      else if (answer.sound) context.output.line("The database is sound");
      else context.output.line(answer.findings.map(sanitize).join("\n"));
      if (!answer.sound) {
        throw new UserError(
          `The database is damaged in ${
            counted(answer.findings.length, "place")
          }; restore it from a backup`,
        );
      }
    });
  return withExamples(command, [[
    "vigocli db integrity",
    "after a crash of the disk; status 1 if anything is damaged",
  ]]);
}

function vacuumCommand(context: CliContext) {
  const command = serverCommand("vacuum")
    .description("Give the space of removed rows back to the disk")
    .action(async ({ json, ...flags }) => {
      using client = await context.connect(flags);
      context.output.progress("Giving space back…");
      const answer = await client.call(dbVacuum, { body: {} })
        .finally(() => context.output.endProgress(false));
      if (json) return context.output.json(answer);
      context.output.line(
        `Gave back ${formatBytes(answer.freedBytes)}; the database has ${
          formatBytes(answer.sizeBytes)
        }`,
      );
    });
  return withExamples(command, [["vigocli db vacuum", "after many runs were pruned"]]);
}

function pruneCommand(context: CliContext) {
  const command = serverCommand("prune")
    .description("Remove what is past database.retention now; the server does it every hour")
    .action(async ({ json, ...flags }) => {
      using client = await context.connect(flags);
      context.output.progress("Pruning…");
      const answer = await client.call(dbPrune, { body: {} })
        .finally(() => context.output.endProgress(false));
      if (json) return context.output.json(answer);
      context.output.line(
        `Removed ${counted(answer.runs, "run")}, ${counted(answer.bundles, "bundle")}, ${
          counted(answer.tasks, "task")
        }, ${counted(answer.workflows, "workflow")}, ${counted(answer.minutes, "minute")} and ${
          counted(answer.versions, "published version")
        }`,
      );
    });
  return withExamples(command, [["vigocli db prune", "apply a shorter retention at once"]]);
}

import { Command } from "@commander-js/extra-typings";
import {
  configDiff,
  configHistory,
  type ConfigProblem,
  configPublish,
  configRollback,
  configValidate,
  type ConfigVersion,
} from "../../shared/rest/config.ts";
import { EXIT_CODE } from "../../shared/terminal/exit_code.ts";
import { formatRelativeTime } from "../../shared/terminal/relative_time.ts";
import { wholeNumber } from "../../shared/terminal/argument_parser.ts";
import { renderTable } from "../../shared/terminal/table.ts";
import { withExamples } from "../../shared/terminal/run_cli.ts";
import { UserError } from "../../shared/terminal/user_error.ts";
import type { CliContext } from "../context.ts";
import { renderChanges, renderProblems } from "../output/changes.ts";

import { serverCommand } from "./server_command.ts";

/** Digits of a version that are shown: enough to name one among thousands. */
const SHORT_VERSION = 12;

/** `vigocli config`: checks, publishes and compares the stacks on the server host. */
export function configCommand(context: CliContext): Command {
  const config = new Command("config").description("Check, publish and compare the stacks");
  config.addCommand(validateCommand(context));
  config.addCommand(publishCommand(context));
  config.addCommand(diffCommand(context));
  config.addCommand(historyCommand(context));
  config.addCommand(rollbackCommand(context));
  return withExamples(config, [
    ["vigocli config validate", "every mistake at once"],
    ["vigocli config publish -m 'raise worker count'", "make the staged stacks live"],
  ]);
}

function validateCommand(context: CliContext) {
  const command = serverCommand("validate")
    .description("Check the staged stacks and report every mistake at once")
    .action(async ({ json, ...flags }) => {
      using client = await context.connect(flags);
      const answer = await client.call(configValidate, { body: {} });
      if (json) context.output.json(answer);
      else if (answer.valid) {
        context.output.line(
          `Valid: ${answer.files} file(s), ${answer.hosts} known host(s) compiled`,
        );
      } else context.output.line(renderProblems(answer.problems));
      if (!answer.valid) throw refused(answer.problems);
    });
  return withExamples(command, [[
    "vigocli config validate",
    "before every publish, and in a commit hook",
  ]]);
}

function publishCommand(context: CliContext) {
  const command = serverCommand("publish")
    .description("Check the staged stacks and make them live")
    .option("-m, --message <text>", "what this version is for", "")
    .option(
      "--operator <name>",
      "a note of who did it, beside the authenticated name",
      context.operator,
    )
    .action(async ({ message, operator, json, ...flags }) => {
      using client = await context.connect(flags);
      context.output.progress("Compiling the fleet…");
      const answer = await client.call(configPublish, { body: { message, operator } })
        .finally(() => context.output.endProgress(false));
      if (json) context.output.json(answer);
      else if (answer.published) {
        context.output.line(renderChanges(answer.changes, answer.unchangedHosts));
        context.output.line(`\nPublished ${short(answer.version ?? "")}`);
      } else if (answer.problems.length === 0) {
        context.output.line(
          `Version ${short(answer.version ?? "")} is already live; nothing changed`,
        );
      } else context.output.line(renderProblems(answer.problems));
      if (answer.problems.length > 0) throw refused(answer.problems, "; nothing was published");
    });
  return withExamples(command, [
    [
      "vigocli config publish -m 'raise worker count'",
      "shows which hosts change and how, then makes it live",
    ],
  ]);
}

function diffCommand(context: CliContext) {
  const command = serverCommand("diff")
    .description("Compare what the staged stacks would make of each host with what is live")
    .argument("[host]", "only this host")
    .option("--to <version>", "compare this version, or a unique beginning of it, instead")
    .action(async (host, { to, json, ...flags }) => {
      using client = await context.connect(flags);
      const answer = await client.call(configDiff, {
        body: {
          ...(host === undefined ? {} : { host }),
          ...(to === undefined ? {} : { version: to }),
        },
      });
      if (json) context.output.json(answer);
      else if (answer.problems.length > 0) context.output.line(renderProblems(answer.problems));
      else context.output.line(renderChanges(answer.changes, answer.unchangedHosts));
      if (answer.problems.length > 0) throw refused(answer.problems);
    });
  return withExamples(command, [
    ["vigocli config diff", "what a publish would change, host by host"],
    ["vigocli config diff web-1", "the same for one host"],
    ["vigocli config diff --to 4be1d2", "what a rollback to that version would change"],
  ]);
}

function historyCommand(context: CliContext) {
  const command = serverCommand("history")
    .description("List published versions, newest first")
    .option("--limit <count>", "how many", wholeNumber(1, 1000), 20)
    .action(async ({ limit, json, ...flags }) => {
      using client = await context.connect(flags);
      const answer = await client.call(configHistory, { query: { limit } });
      if (json) return context.output.json(answer);
      if (answer.versions.length === 0) {
        return context.output.note(
          "Nothing is published yet. Publish with: vigocli config publish",
        );
      }
      context.output.line(renderVersions(answer.versions, context.now()));
    });
  return withExamples(command, [[
    "vigocli config history",
    "who published what, and which version is live",
  ]]);
}

function rollbackCommand(context: CliContext) {
  const command = serverCommand("rollback")
    .description("Make an earlier version live again")
    .argument("[version]", "version or a unique beginning of it; the one before by default")
    .option(
      "--operator <name>",
      "a note of who did it, beside the authenticated name",
      context.operator,
    )
    .action(async (version, { operator, json, ...flags }) => {
      using client = await context.connect(flags);
      const answer = await client.call(configRollback, {
        body: { operator, ...(version === undefined ? {} : { version }) },
      });
      if (json) return context.output.json(answer);
      context.output.line(renderChanges(answer.changes, answer.unchangedHosts));
      context.output.line(`\nVersion ${short(answer.version)} is live again`);
    });
  return withExamples(command, [
    ["vigocli config rollback", "back to the version before the live one"],
    ["vigocli config rollback 4be1d2", "back to a version that `history` shows"],
  ]);
}

function renderVersions(versions: readonly ConfigVersion[], nowMs: number): string {
  return renderTable(
    [{ header: "VERSION" }, { header: "LIVE" }, { header: "PUBLISHED" }, { header: "BY" }, {
      header: "MESSAGE",
    }],
    versions.map((version) => [
      short(version.version),
      version.live ? "yes" : "",
      formatRelativeTime(version.publishedAtMs, nowMs),
      version.publishedBy,
      version.rollbackOf === null ? version.message : `rollback to ${short(version.rollbackOf)}`,
    ]),
  ).trimEnd();
}

/** The line after the list of mistakes; `rest` says what that means for what was asked. */
function refused(problems: readonly ConfigProblem[], rest = ""): UserError {
  const count = problems.length === 1 ? "1 mistake" : `${problems.length} mistakes`;
  return new UserError(`The staged stacks have ${count}${rest}`, {
    exitCode: EXIT_CODE.failed,
  });
}

function short(version: string): string {
  return version.slice(0, SHORT_VERSION);
}

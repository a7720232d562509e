import { Command, Option } from "@commander-js/extra-typings";
import {
  type EnrollToken,
  enrollTokenCreate,
  enrollTokenList,
  enrollTokenRevoke,
} from "../../shared/rest/enroll.ts";
import { formatRelativeTime } from "../../shared/terminal/relative_time.ts";
import { asArgument, wholeNumber } from "../../shared/terminal/argument_parser.ts";
import { parseDuration } from "../../shared/terminal/duration.ts";
import { renderTable } from "../../shared/terminal/table.ts";
import { withExamples } from "../../shared/terminal/run_cli.ts";
import { sanitize } from "../../shared/terminal/sanitize.ts";
import { allPages } from "../client/all_pages.ts";
import type { CliContext } from "../context.ts";

import { serverCommand } from "./server_command.ts";

/** How long a token may be used when nothing is said, in ms: an hour. */
const DEFAULT_TTL_MS = 3_600_000;
/** What the server takes, in ms: a second to thirty days. */
const MIN_TTL_MS = 1_000;
const MAX_TTL_MS = 30 * 86_400_000;

/** `vigocli enroll`: admits machines to the fleet. */
export function enrollCommand(context: CliContext): Command {
  const token = new Command("token").description("Create, list and revoke enrolment tokens");
  token.addCommand(createCommand(context));
  token.addCommand(listCommand(context));
  token.addCommand(revokeCommand(context));
  const enroll = new Command("enroll").description("Admit machines to the fleet");
  enroll.addCommand(withExamples(token, [
    ["vigocli enroll token create --hostname web-1", "admit web-1"],
    ["vigocli enroll token list", "what is left of the tokens"],
  ]));
  return withExamples(enroll, [["vigocli enroll token create", "admit a machine"]]);
}

function createCommand(context: CliContext) {
  const command = serverCommand("create")
    .description("Create an enrolment token; it is shown once")
    .addOption(
      new Option("--ttl <duration>", "how long it may be used")
        .argParser(asArgument(parseTtl)).default(DEFAULT_TTL_MS, "1h"),
    )
    .option("--uses <count>", "how many machines it admits", wholeNumber(1, 10_000), 1)
    .option("--hostname <glob>", "only machines of this name")
    .option(
      "--replace",
      "let the machine take over a hostname in use; needs a plain --hostname",
      false,
    )
    .action(async ({ ttl, uses, hostname, replace, json, ...flags }) => {
      using client = await context.connect(flags);
      const answer = await client.call(enrollTokenCreate, {
        body: { ttlMs: ttl, uses, replace, ...(hostname === undefined ? {} : { hostname }) },
      });
      if (json) return context.output.json(answer);
      context.output.line(answer.token);
      context.output.note(`On the new machine:\n  ${sanitize(answer.command)}`);
      context.output.note(
        `Usable ${uses === 1 ? "once" : `${uses} times`} until ${
          new Date(answer.info.expiresAtMs).toISOString()
        }. It is not shown again.`,
      );
    });
  return withExamples(command, [
    ["vigocli enroll token create", "a token for one machine, for one hour"],
    [
      "vigocli enroll token create --hostname 'web-*' --uses 20 --ttl 24h",
      "for a rack of web servers",
    ],
    ["vigocli enroll token create --hostname db-1 --replace", "to re-install db-1"],
  ]);
}

/** @throws {SyntaxError} if it is no duration, or not one that the server takes. */
function parseTtl(text: string): number {
  const ms = parseDuration(text);
  if (ms < MIN_TTL_MS || ms > MAX_TTL_MS) throw new SyntaxError("Expected 1s to 30d");
  return ms;
}

function listCommand(context: CliContext) {
  const command = serverCommand("list")
    .description("List enrolment tokens")
    .action(async ({ json, ...flags }) => {
      using client = await context.connect(flags);
      const tokens = await allPages(
        (query) => client.call(enrollTokenList, { query }),
        (page) => page.tokens,
      );
      if (json) return context.output.json({ tokens, nextCursor: null });
      if (tokens.length === 0) {
        return context.output.note("No tokens. Create one with: vigocli enroll token create");
      }
      context.output.line(renderTokens(tokens, context.now()));
    });
  return withExamples(command, [[
    "vigocli enroll token list",
    "which tokens exist, and what is left of them",
  ]]);
}

function revokeCommand(context: CliContext) {
  const command = serverCommand("revoke")
    .description("Revoke an enrolment token")
    .argument("<id>", "the ID that `list` shows")
    .action(async (id, { json, ...flags }) => {
      using client = await context.connect(flags);
      const answer = await client.call(enrollTokenRevoke, { params: { id } });
      if (json) return context.output.json(answer);
      context.output.line(`Token ${id} is revoked`);
    });
  return withExamples(command, [[
    "vigocli enroll token revoke 3f9a1c0b",
    "no machine can use it from now on",
  ]]);
}

function renderTokens(tokens: readonly EnrollToken[], nowMs: number): string {
  return renderTable(
    [
      { header: "ID" },
      { header: "STATE" },
      { header: "USES LEFT", align: "right" },
      { header: "HOSTNAME" },
      { header: "REPLACE" },
      { header: "EXPIRES" },
      { header: "CREATED BY" },
    ],
    tokens.map((token) => [
      token.id,
      token.state,
      String(token.usesLeft),
      token.hostname ?? "any",
      token.replace ? "yes" : "no",
      formatRelativeTime(token.expiresAtMs, nowMs),
      token.createdBy,
    ]),
  ).trimEnd();
}

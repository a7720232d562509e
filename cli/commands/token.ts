import { Command, Option } from "@commander-js/extra-typings";
import { PERSON_ROLES } from "../../shared/rest/roles.ts";
import {
  type ApiToken,
  DEFAULT_TOKEN_TTL_MS,
  MAX_TOKEN_TTL_MS,
  MIN_TOKEN_TTL_MS,
  tokenCreate,
  tokenList,
  tokenRevoke,
} from "../../shared/rest/tokens.ts";
import { asArgument } from "../../shared/terminal/argument_parser.ts";
import { parseDuration } from "../../shared/terminal/duration.ts";
import { formatRelativeTime } from "../../shared/terminal/relative_time.ts";
import { withExamples } from "../../shared/terminal/run_cli.ts";
import { sanitize } from "../../shared/terminal/sanitize.ts";
import { renderTable } from "../../shared/terminal/table.ts";
import { allPages } from "../client/all_pages.ts";
import type { CliContext } from "../context.ts";
import { serverCommand } from "./server_command.ts";

/** `vigocli token`: what scripts and other machines use the server with. */
export function tokenCommand(context: CliContext): Command {
  const token = new Command("token").description("API tokens, for scripts and other machines");
  token.addCommand(createCommand(context));
  token.addCommand(listCommand(context));
  token.addCommand(revokeCommand(context));
  return withExamples(token, [
    ["vigocli token create ci --role operator > ci.token", "for a pipeline that publishes"],
    ["vigocli token list", "which tokens there are, and when they were used"],
  ]);
}

function createCommand(context: CliContext) {
  const command = serverCommand("create")
    .description("Create an API token; it is shown once")
    .argument("<name>", "what it is for, as the audit log names it")
    .addOption(
      new Option("--role <role>", "what it may do, never more than you may")
        .choices(PERSON_ROLES).default("viewer"),
    )
    .addOption(ttlOption())
    .option("--owner <user>", "the user for whom it acts; an administrator may say another")
    .action(async (name, { role, ttl, owner, json, ...flags }) => {
      using client = await context.connect(flags);
      const answer = await client.call(tokenCreate, {
        body: { name, role, ttlMs: ttl, ...(owner === undefined ? {} : { owner }) },
      });
      if (json) return context.output.json(answer);
      context.output.line(answer.token);
      context.output.note(
        `Token ${sanitize(answer.info.name)} may act as ${answer.info.role} until ${
          new Date(answer.info.expiresAtMs).toISOString()
        }. It is not shown again: keep it in a file of mode 0600, for --token-file`,
      );
    });
  return withExamples(command, [
    ["vigocli token create ann-laptop --role admin --owner ann", "for ann on another machine"],
    ["vigocli token create grafana --ttl 365d", "reads the fleet for a year"],
  ]);
}

function listCommand(context: CliContext) {
  const command = serverCommand("list")
    .description("List API tokens: an administrator all, others their own")
    .action(async ({ json, ...flags }) => {
      using client = await context.connect(flags);
      const tokens = await allPages(
        (query) => client.call(tokenList, { query }),
        (page) => page.tokens,
      );
      if (json) return context.output.json({ tokens, nextCursor: null });
      if (tokens.length === 0) {
        return context.output.note("No API tokens. Create one with: vigocli token create NAME");
      }
      context.output.line(renderTokens(tokens, context.now()));
    });
  return withExamples(command, [[
    "vigocli token list",
    "which are valid, and when they were used",
  ]]);
}

function revokeCommand(context: CliContext) {
  const command = serverCommand("revoke")
    .description("Revoke an API token; it is refused from now on")
    .argument("<name>", "its name, or the ID that `list` shows")
    .action(async (id, { json, ...flags }) => {
      using client = await context.connect(flags);
      const answer = await client.call(tokenRevoke, { params: { id } });
      if (json) return context.output.json(answer);
      context.output.line(`Token ${sanitize(answer.name)} is revoked`);
    });
  return withExamples(command, [["vigocli token revoke ci", "it leaked"]]);
}

/** `--ttl`, within what the server takes. */
export function ttlOption() {
  return new Option("--ttl <duration>", "how long it is valid")
    .argParser(asArgument(parseTtl)).default(DEFAULT_TOKEN_TTL_MS, "90d");
}

/** @throws {SyntaxError} if it is no duration, or not one that the server takes. */
function parseTtl(text: string): number {
  const ms = parseDuration(text);
  if (ms < MIN_TOKEN_TTL_MS || ms > MAX_TOKEN_TTL_MS) throw new SyntaxError("Expected 1m to 366d");
  return ms;
}

function renderTokens(tokens: readonly ApiToken[], nowMs: number): string {
  return renderTable(
    [
      { header: "NAME" },
      { header: "ID" },
      { header: "STATE" },
      { header: "ROLE" },
      { header: "OWNER" },
      { header: "LAST USED" },
      { header: "EXPIRES" },
      { header: "CREATED BY" },
    ],
    tokens.map((token) => [
      token.name,
      token.id,
      token.state,
      token.role,
      token.owner ?? "-",
      token.lastUsedMs === null ? "never" : formatRelativeTime(token.lastUsedMs, nowMs),
      formatRelativeTime(token.expiresAtMs, nowMs),
      token.createdBy,
    ]),
  ).trimEnd();
}

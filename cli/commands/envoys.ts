import { Command } from "@commander-js/extra-typings";
import {
  envoyAccept,
  type EnvoyDetail,
  envoyList,
  envoyPush,
  envoyRevoke,
  envoyShow,
  type EnvoySummary,
} from "../../shared/rest/envoys.ts";
import { formatRelativeTime } from "../../shared/terminal/relative_time.ts";
import { sanitize } from "../../shared/terminal/sanitize.ts";
import { renderTable } from "../../shared/terminal/table.ts";
import { withExamples } from "../../shared/terminal/run_cli.ts";
import { UserError } from "../../shared/terminal/user_error.ts";
import type { CliContext } from "../context.ts";
import { serverCommand } from "./server_command.ts";

/** `vigocli envoys`: the machines of the fleet. Without a verb it lists them. */
export function envoysCommand(context: CliContext): Command {
  const envoys = new Command("envoys").description("The machines of the fleet");
  envoys.addCommand(listCommand(context), { isDefault: true });
  envoys.addCommand(showCommand(context));
  envoys.addCommand(pushCommand(context));
  envoys.addCommand(acceptCommand(context));
  envoys.addCommand(revokeCommand(context));
  return withExamples(envoys, [
    ["vigocli envoys", "the whole fleet"],
    ["vigocli envoys show web-1", "one machine"],
  ]);
}

function listCommand(context: CliContext) {
  const command = serverCommand("list")
    .description("List envoys with their address and when they were last seen")
    .option("--target <spec>", "only envoys that this target spec hits")
    .option("--all", "include revoked ones", false)
    .action(async ({ target, all, json, ...flags }) => {
      using client = await context.connect(flags);
      const envoys: EnvoySummary[] = [];
      let cursor: string | undefined;
      do {
        const page = await client.call(envoyList, {
          query: {
            limit: 1000,
            ...(target === undefined ? {} : { target }),
            ...(all ? { all: "true" } : {}),
            ...(cursor === undefined ? {} : { cursor }),
          },
        });
        envoys.push(...page.envoys);
        cursor = page.nextCursor ?? undefined;
      } while (cursor !== undefined);
      if (json) return context.output.json({ envoys, nextCursor: null });
      if (envoys.length === 0) {
        return context.output.note(
          target === undefined
            ? "No envoys yet. Admit one with: vigocli enroll token create"
            : `No envoy matches "${target}"`,
        );
      }
      context.output.line(renderEnvoys(envoys, context.now()));
    });
  return withExamples(command, [
    ["vigocli envoys", "everything that is enrolled"],
    [
      "vigocli envoys list --target 'web-*,os.distro=debian'",
      "web servers, and whatever runs Debian",
    ],
  ]);
}

function showCommand(context: CliContext) {
  const command = serverCommand("show")
    .description("Show one envoy with its traits")
    .argument("<host>", "hostname or UUID")
    .action(async (host, { json, ...flags }) => {
      using client = await context.connect(flags);
      const envoy = await client.call(envoyShow, { params: { host } });
      if (json) return context.output.json(envoy);
      context.output.line(renderEnvoy(envoy, context.now()));
    });
  return withExamples(command, [
    ["vigocli envoys show web-1", "what the fleet knows of web-1"],
    ["vigocli envoys show web-1 --json", "the same for a program, with every trait"],
  ]);
}

function pushCommand(context: CliContext) {
  const command = serverCommand("push")
    .description("Make envoys check in and apply now")
    .requiredOption("--target <spec>", "which envoys")
    .option("--force", "send the whole policy again, changed or not", false)
    .action(async ({ target, force, json, ...flags }) => {
      using client = await context.connect(flags);
      const answer = await client.call(envoyPush, { body: { target, force } });
      if (json) context.output.json(answer);
      if (answer.pushed.length + answer.offline.length === 0) {
        throw new UserError(
          `No envoy matches "${sanitize(target)}"; nothing was pushed. See "vigocli envoys"`,
        );
      }
      if (json) return;
      context.output.line(
        `Pushed to ${answer.pushed.length} envoy(s) matching "${sanitize(target)}"`,
      );
      if (answer.offline.length > 0) {
        context.output.note(
          `Not connected, will catch up at their next check-in: ${
            answer.offline.map(sanitize).join(", ")
          }`,
        );
      }
    });
  return withExamples(command, [[
    "vigocli envoys push --target 'web-*'",
    "apply a fresh publish at once",
  ]]);
}

function acceptCommand(context: CliContext) {
  const command = serverCommand("accept")
    .description("Accept an envoy that is marked as cloned")
    .argument("<host>", "hostname or UUID")
    .action(async (host, { json, ...flags }) => {
      using client = await context.connect(flags);
      const answer = await client.call(envoyAccept, { params: { host }, body: {} });
      if (json) return context.output.json(answer);
      context.output.line(
        `${
          sanitize(answer.hostname)
        } is accepted: the machine that checks in next is taken as the real one`,
      );
    });
  return withExamples(command, [[
    "vigocli envoys accept web-1",
    "after restoring web-1 from a snapshot",
  ]]);
}

function revokeCommand(context: CliContext) {
  const command = serverCommand("revoke")
    .description("Revoke an envoy's identity for good; it must enrol anew to come back")
    .argument("<host>", "hostname or UUID")
    .option("--reason <text>", "kept in the audit log", "")
    .action(async (host, { reason, json, ...flags }) => {
      using client = await context.connect(flags);
      const answer = await client.call(envoyRevoke, { params: { host }, body: { reason } });
      if (json) return context.output.json(answer);
      context.output.line(`${sanitize(answer.hostname)} (${answer.uuid}) is revoked`);
    });
  return withExamples(command, [[
    "vigocli envoys revoke web-1 --reason 'decommissioned'",
    "its connections close at once",
  ]]);
}

function renderEnvoys(envoys: readonly EnvoySummary[], nowMs: number): string {
  return renderTable(
    [{ header: "HOSTNAME" }, { header: "STATUS" }, { header: "CONVERGENCE" }, { header: "IP" }, {
      header: "VERSION",
    }, { header: "LAST SEEN" }],
    envoys.map((envoy) => [
      envoy.hostname,
      envoy.state === "active" ? envoy.presence : envoy.state,
      envoy.convergence,
      envoy.ip ?? "-",
      envoy.agentVersion ?? "-",
      envoy.lastSeenMs === null ? "never" : formatRelativeTime(envoy.lastSeenMs, nowMs),
    ]),
  ).trimEnd();
}

function renderEnvoy(envoy: EnvoyDetail, nowMs: number): string {
  const time = (ms: number | null) =>
    ms === null ? "never" : `${formatRelativeTime(ms, nowMs)} (${new Date(ms).toISOString()})`;
  const fields: [string, string][] = [
    ["Hostname", envoy.hostname],
    ["UUID", envoy.uuid],
    ["Status", envoy.state === "active" ? envoy.presence : envoy.state],
    ["Convergence", envoy.convergence],
    ["IP", envoy.ip ?? "-"],
    ["Agent", envoy.agentVersion ?? "-"],
    ["Policy", envoy.policyVersion ?? "-"],
    ["Fingerprint", envoy.fingerprint ?? "-"],
    ["Last seen", time(envoy.lastSeenMs)],
    ["Enrolled", time(envoy.enrolledAtMs)],
    ["Certificate until", time(envoy.certificateExpiresAtMs)],
    [
      "Tags",
      Object.entries(envoy.tags).map(([name, value]) => `${name}=${value}`).join(" ") || "-",
    ],
  ];
  if (envoy.pausedReason !== null) fields.push(["Paused", envoy.pausedReason]);
  for (const warning of envoy.warnings) fields.push(["Warning", warning]);
  const width = Math.max(...fields.map(([name]) => name.length)) + 2;
  const lines = fields.map(([name, value]) => `${`${name}:`.padEnd(width)}${sanitize(value)}`);
  const traits = Object.keys(envoy.traits);
  lines.push(
    "",
    `Traits: ${
      traits.length === 0 ? "none yet" : traits.map(sanitize).join(" ")
    } (--json shows them)`,
  );
  return lines.join("\n");
}

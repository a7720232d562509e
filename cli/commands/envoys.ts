import { Command } from "@commander-js/extra-typings";
import {
  envoyAccept,
  envoyList,
  envoyRemove,
  envoyRename,
  envoyRevoke,
  envoyShow,
  type EnvoySummary,
} from "../../shared/rest/envoys.ts";
import { sanitize } from "../../shared/terminal/sanitize.ts";
import { withExamples } from "../../shared/terminal/run_cli.ts";
import type { CliContext } from "../context.ts";
import { renderEnvoy, renderEnvoys } from "../output/envoys.ts";
import { tagCommand, untagCommand } from "./envoy_tags.ts";
import { queryFor } from "./query.ts";
import { pushCommand } from "./push.ts";
import { serverCommand } from "./server_command.ts";

/** `vigocli envoys`: the machines of the fleet. Without a verb it lists them. */
export function envoysCommand(context: CliContext): Command {
  const envoys = new Command("envoys").description("The machines of the fleet");
  envoys.addCommand(listCommand(context), { isDefault: true });
  envoys.addCommand(showCommand(context));
  envoys.addCommand(pushCommand(context));
  envoys.addCommand(acceptCommand(context));
  envoys.addCommand(tagCommand(context));
  envoys.addCommand(untagCommand(context));
  envoys.addCommand(renameCommand(context));
  envoys.addCommand(revokeCommand(context));
  envoys.addCommand(removeCommand(context));
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
      if (json) {
        return context.output.json({ envoys, total: envoys.length, nextCursor: null });
      }
      if (envoys.length === 0) {
        return context.output.note(
          target === undefined
            ? "No envoys yet. Admit one with: vigocli enroll token create"
            : `No envoy matches "${sanitize(target)}". What it asks for: ${queryFor(target)}`,
        );
      }
      context.output.line(renderEnvoys(envoys, context.now(), context.output.style));
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

function renameCommand(context: CliContext) {
  const command = serverCommand("rename")
    .description("Bind an envoy to another hostname; its certificate follows by itself")
    .argument("<host>", "hostname or UUID")
    .argument("<new>", "the hostname from now on")
    .action(async (host, hostname, { json, ...flags }) => {
      using client = await context.connect(flags);
      const answer = await client.call(envoyRename, { params: { host }, body: { hostname } });
      if (json) return context.output.json(answer);
      context.output.line(
        `${sanitize(answer.previousHostname)} is ${sanitize(answer.hostname)} now`,
      );
      context.output.note(
        answer.notified
          ? "It was told, and gets its new certificate now"
          : "It is not connected, and gets its new certificate at its next check-in",
      );
    });
  return withExamples(command, [[
    "vigocli envoys rename web-1 app-1",
    "policy, targets and secrets go by the new name at once",
  ]]);
}

function removeCommand(context: CliContext) {
  const command = serverCommand("remove")
    .description("Take an envoy that is revoked, or was never seen, out of every list")
    .argument("<host>", "hostname, or UUID where several revoked ones had it")
    .action(async (host, { json, ...flags }) => {
      using client = await context.connect(flags);
      const answer = await client.call(envoyRemove, { params: { host }, body: {} });
      if (json) return context.output.json(answer);
      context.output.line(
        `${sanitize(answer.hostname)} (${answer.uuid}) is removed; its identity stays revoked`,
      );
    });
  return withExamples(command, [
    ["vigocli envoys list --all", "which envoys are revoked, with their UUIDs"],
    ["vigocli envoys remove old-1", "forget one that is revoked"],
    [
      "vigocli envoys remove 6f1c2a4e-0000-4000-8000-000000000000",
      "the same, where several had its name",
    ],
  ]);
}

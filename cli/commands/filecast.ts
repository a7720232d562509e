import { Command } from "@commander-js/extra-typings";
import {
  type Filecast,
  filecastBroken,
  filecastDistribute,
  filecastList,
  filecastPurge,
  filecastRevoke,
  filecastShow,
} from "../../shared/rest/swarm.ts";
import { formatBytes } from "../../shared/terminal/bytes.ts";
import { counted } from "../../shared/terminal/counted.ts";
import { renderProgressBar } from "../../shared/terminal/progress_bar.ts";
import { formatRelativeTime } from "../../shared/terminal/relative_time.ts";
import { withExamples } from "../../shared/terminal/run_cli.ts";
import { sanitize } from "../../shared/terminal/sanitize.ts";
import { asArgument, wholeNumber } from "../../shared/terminal/argument_parser.ts";
import { renderTable } from "../../shared/terminal/table.ts";
import type { ApiClient } from "../client/api_client.ts";
import type { CliContext, LocalFile } from "../context.ts";
import { renderBroken, renderFilecast, renderFormer } from "../output/filecast.ts";
import { CURSOR_OPTION, noteNextPage } from "../output/next_page.ts";
import { followFilecast } from "./follow_filecast.ts";
import { serverCommand } from "./server_command.ts";

/** `vigocli swarm filecast`: files that an admin casts to the fleet. */
export function filecastCommand(context: CliContext): Command {
  const filecast = new Command("filecast").description("Files that an admin casts to the fleet");
  const verbs = [
    distributeCommand,
    statusCommand,
    listCommand,
    revokeCommand,
    purgeCommand,
    brokenCommand,
  ];
  for (const verb of verbs) filecast.addCommand(verb(context));
  return withExamples(filecast, [
    ["vigocli swarm filecast distribute app.tar.gz --target 'web-*' --wait", "cast a file"],
  ]);
}

/** `distribute`, of `swarm filecast` and of `swarm`. */
export function distributeCommand(context: CliContext) {
  const command = serverCommand("distribute")
    .description("Cast a file to every envoy that a target spec hits")
    .argument("<file>", "the file; pack a folder with tar first")
    .requiredOption("--target <spec>", "which envoys are to hold it")
    .option("--label <name>", "file name on the envoys; the file's own by default")
    .option(
      "--retention <age>",
      "how long they keep it: <n>h, <n>d, or 0 for ever",
      asArgument(parseRetention),
      "7d",
    )
    .option("--wait", "follow the fleet until every target has it or skipped it", false)
    .action(async (path, { target, label, retention, wait, json, ...flags }) => {
      const file = await context.openFile(path);
      using client = await context.connect(flags);
      const cast = await client.call(filecastDistribute, {
        query: { label: label ?? file.name, target, retention, sizeBytes: file.sizeBytes },
        stream: watchUpload(file, context),
        signal: context.signal,
      }).finally(() => context.output.endProgress(false));
      if (!json) {
        context.output.line(
          `Seeded ${sanitize(cast.label)} (${formatBytes(cast.sizeBytes)}) for ${
            counted(cast.targets.length, "envoy")
          } as ${cast.sha256}`,
        );
        const former = renderFormer(cast);
        if (former !== undefined) context.output.note(former);
      }
      if (!wait) {
        if (json) return context.output.json(cast);
        return context.output.note(
          `Follow it with: vigocli swarm filecast status ${cast.sha256.slice(0, 12)}`,
        );
      }
      await followFilecast(client, cast.sha256, context, { as: "bars", json });
    });
  return withExamples(command, [
    [
      "vigocli swarm filecast distribute app-v2.tar.gz --target '*.web.*' --wait",
      "to the web servers, and watch it arrive",
    ],
    [
      "vigocli swarm filecast distribute firmware.bin --target 'hardware.product=PowerEdge R750'",
      "by trait",
    ],
    [
      "vigocli swarm filecast distribute logs.tar.gz --target '*' --retention 30d",
      "kept for a month",
    ],
  ]);
}

/** Prints how far a cast has come, once or until it is settled. */
export async function showFilecast(
  client: ApiClient,
  sha: string,
  context: CliContext,
  { watch, json }: { readonly watch: boolean; readonly json: boolean },
): Promise<void> {
  if (watch) return await followFilecast(client, sha, context, { as: "table", json });
  const answer = await client.call(filecastShow, { params: { sha } });
  if (json) return context.output.json(answer);
  context.output.line(renderFilecast(answer.filecast, answer.hosts));
}

/** @throws {SyntaxError} if it is not what the contract takes. */
function parseRetention(text: string): string {
  if (filecastDistribute.query.shape.retention.safeParse(text).success) return text;
  throw new SyntaxError("Expected 0, <n>h or <n>d");
}

function statusCommand(context: CliContext) {
  const command = serverCommand("status")
    .description("Show how far a filecast has come on each envoy")
    .argument("<sha>", "SHA-256 or a unique beginning of at least 8 digits")
    .option("--watch", "follow it until every target is done", false)
    .action(async (sha, { watch, json, ...flags }) => {
      using client = await context.connect(flags);
      await showFilecast(client, sha, context, { watch, json });
    });
  return withExamples(command, [[
    "vigocli swarm filecast status 9faa44b9",
    "which envoy has how many chunks, and from whom",
  ]]);
}

/** `list`, of `swarm filecast` and of `swarm`. */
export function listCommand(context: CliContext) {
  const command = serverCommand("list")
    .description("List filecasts, newest first")
    .option("--limit <count>", "how many", wholeNumber(1, 1000), 50)
    .option(...CURSOR_OPTION)
    .action(async ({ limit, cursor, json, ...flags }) => {
      using client = await context.connect(flags);
      const answer = await client.call(filecastList, {
        query: { limit, ...(cursor === undefined ? {} : { cursor }) },
      });
      if (json) return context.output.json(answer);
      if (answer.filecasts.length === 0) {
        return context.output.note(
          "No filecasts. Cast one with: vigocli swarm filecast distribute FILE --target '*'",
        );
      }
      context.output.line(renderList(answer.filecasts, context.now()));
      noteNextPage(context.output, answer.nextCursor);
    });
  return withExamples(command, [[
    "vigocli swarm filecast list",
    "what was cast, and how far it has come",
  ]]);
}

/** `revoke`, of `swarm filecast` and of `swarm`. */
export function revokeCommand(context: CliContext) {
  const command = serverCommand("revoke")
    .description("Revoke a filecast: every envoy evicts it")
    .argument("<sha>", "SHA-256 or a unique beginning of at least 8 digits")
    .action(async (sha, { json, ...flags }) => {
      using client = await context.connect(flags);
      const answer = await client.call(filecastRevoke, { params: { sha }, body: {} });
      if (json) return context.output.json(answer);
      context.output.line(`Revoked ${sanitize(answer.label)} (${answer.sha256})`);
    });
  return withExamples(command, [[
    "vigocli swarm filecast revoke 9faa44b9",
    "gone from connected envoys within seconds",
  ]]);
}

function purgeCommand(context: CliContext) {
  const command = serverCommand("purge")
    .description("Forget revoked filecasts that every machine has had a week to hear of")
    .action(async ({ json, ...flags }) => {
      using client = await context.connect(flags);
      const answer = await client.call(filecastPurge, { body: {} });
      if (json) return context.output.json(answer);
      for (const { sha256, label } of answer.forgotten) {
        context.output.line(`Forgot ${sanitize(label)} (${sha256})`);
      }
      if (answer.forgotten.length === 0) context.output.line("Nothing to forget");
      if (answer.kept > 0) {
        context.output.note(
          `${
            counted(answer.kept, "revocation")
          } kept: machines that were away may not have heard yet`,
        );
      }
    });
  return withExamples(command, [[
    "vigocli swarm filecast purge",
    "drop revocations that are older than a week",
  ]]);
}

function brokenCommand(context: CliContext) {
  const command = serverCommand("broken")
    .description("List seeds that are refused, and filecasts that no online envoy holds whole")
    .option("--limit <count>", "how many of each", wholeNumber(1, 1000), 200)
    .option(...CURSOR_OPTION)
    .action(async ({ limit, cursor, json, ...flags }) => {
      using client = await context.connect(flags);
      const answer = await client.call(filecastBroken, {
        query: { limit, ...(cursor === undefined ? {} : { cursor }) },
      });
      if (json) return context.output.json(answer);
      const { seeds, filecasts } = answer;
      if (seeds.length + filecasts.length === 0) return context.output.line("Nothing is broken");
      context.output.line(renderBroken(seeds, filecasts));
      noteNextPage(context.output, answer.nextCursor);
    });
  return withExamples(command, [[
    "vigocli swarm filecast broken",
    "what will not arrive until somebody does something",
  ]]);
}

/** Passes the file's bytes on and draws how many have left. */
function watchUpload(file: LocalFile, context: CliContext): ReadableStream<Uint8Array> {
  const startedMs = context.now();
  let sentBytes = 0;
  return file.stream().pipeThrough(
    new TransformStream<Uint8Array, Uint8Array>({
      transform(chunk, controller) {
        sentBytes += chunk.length;
        const seconds = Math.max(0.001, (context.now() - startedMs) / 1000);
        context.output.progress(renderProgressBar({
          label: "upload",
          fraction: file.sizeBytes === 0 ? 1 : sentBytes / file.sizeBytes,
          bytesPerSecond: sentBytes / seconds,
        }));
        controller.enqueue(chunk);
      },
    }),
  );
}

function renderList(filecasts: readonly Filecast[], nowMs: number): string {
  return renderTable(
    [
      { header: "SHA256" },
      { header: "LABEL" },
      { header: "SIZE", align: "right" },
      { header: "STATE" },
      { header: "TARGET" },
      { header: "COMPLETE", align: "right" },
      { header: "ORIGIN" },
      { header: "CREATED" },
    ],
    filecasts.map((cast) => [
      cast.sha256.slice(0, 12),
      cast.label,
      formatBytes(cast.sizeBytes),
      cast.state,
      cast.target,
      `${cast.complete}/${cast.complete + cast.downloading + cast.pending + cast.skipped}`,
      cast.origin,
      formatRelativeTime(cast.createdAtMs, nowMs),
    ]),
  ).trimEnd();
}

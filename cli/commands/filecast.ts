import { Command } from "@commander-js/extra-typings";
import {
  type Filecast,
  filecastDistribute,
  filecastList,
  filecastRevoke,
  filecastShow,
} from "../../shared/rest/swarm.ts";
import { formatBytes } from "../../shared/terminal/bytes.ts";
import { EXIT_CODE } from "../../shared/terminal/exit_code.ts";
import { renderProgressBar } from "../../shared/terminal/progress_bar.ts";
import { formatRelativeTime } from "../../shared/terminal/relative_time.ts";
import { withExamples } from "../../shared/terminal/run_cli.ts";
import { sanitize } from "../../shared/terminal/sanitize.ts";
import { asArgument, wholeNumber } from "../../shared/terminal/argument_parser.ts";
import { renderTable } from "../../shared/terminal/table.ts";
import { UserError } from "../../shared/terminal/user_error.ts";
import type { ApiClient } from "../client/api_client.ts";
import type { CliContext, LocalFile } from "../context.ts";
import { isSettled, renderFilecast, renderShares, renderWait } from "../output/filecast.ts";

import { serverCommand } from "./server_command.ts";

/** How often `--wait` asks, in ms. */
const WAIT_INTERVAL_MS = 500;

/** `vigocli swarm`: content that moves between the machines. */
export function swarmCommand(context: CliContext): Command {
  const filecast = new Command("filecast").description("Files that an admin casts to the fleet");
  for (const verb of [distributeCommand, statusCommand, listCommand, revokeCommand]) {
    filecast.addCommand(verb(context));
  }
  const swarm = new Command("swarm").description("Content that moves between the machines");
  swarm.addCommand(filecast);
  // The short forms are how the guides write them.
  swarm.addCommand(distributeCommand(context));
  swarm.addCommand(statusCommand(context));
  swarm.addCommand(listCommand(context));
  swarm.addCommand(revokeCommand(context));
  withExamples(filecast, [
    ["vigocli swarm filecast distribute app.tar.gz --target 'web-*' --wait", "cast a file"],
  ]);
  return withExamples(swarm, [["vigocli swarm filecast list", "what was cast"]]);
}

function distributeCommand(context: CliContext) {
  const command = serverCommand("distribute")
    .description("Cast a file to every envoy that a target spec hits")
    .argument("<file>", "the file")
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
          `Seeded ${sanitize(cast.label)} (${
            formatBytes(cast.sizeBytes)
          }) for ${cast.targets.length} envoy(s) as ${cast.sha256}`,
        );
      }
      if (!wait) {
        if (json) return context.output.json(cast);
        return context.output.note(
          `Follow it with: vigocli swarm filecast status ${cast.sha256.slice(0, 12)}`,
        );
      }
      await follow(client, cast.sha256, context, json);
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
      if (watch) return await follow(client, sha, context, json);
      const answer = await client.call(filecastShow, { params: { sha } });
      if (json) return context.output.json(answer);
      context.output.line(renderFilecast(answer.filecast, answer.hosts));
    });
  return withExamples(command, [[
    "vigocli swarm filecast status 9faa44b9",
    "which envoy has how many chunks, and from whom",
  ]]);
}

function listCommand(context: CliContext) {
  const command = serverCommand("list")
    .description("List filecasts, newest first")
    .option("--limit <count>", "how many", wholeNumber(1, 1000), 50)
    .action(async ({ limit, json, ...flags }) => {
      using client = await context.connect(flags);
      const answer = await client.call(filecastList, { query: { limit } });
      if (json) return context.output.json(answer);
      if (answer.filecasts.length === 0) {
        return context.output.note(
          "No filecasts. Cast one with: vigocli swarm filecast distribute FILE --target '*'",
        );
      }
      context.output.line(renderList(answer.filecasts, context.now()));
    });
  return withExamples(command, [[
    "vigocli swarm filecast list",
    "what was cast, and how far it has come",
  ]]);
}

function revokeCommand(context: CliContext) {
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

async function follow(
  client: ApiClient,
  sha: string,
  context: CliContext,
  json: boolean,
): Promise<void> {
  while (!context.signal.aborted) {
    const answer = await client.call(filecastShow, { params: { sha } });
    context.output.progress(renderWait(answer.filecast, answer.hosts));
    if (isSettled(answer.filecast, answer.hosts)) {
      context.output.endProgress(false);
      if (json) context.output.json(answer);
      else {
        context.output.line(renderFilecast(answer.filecast, answer.hosts));
        context.output.line(`\n${renderShares(answer.hosts)}`);
      }
      const skipped = answer.hosts.filter((host) => host.status === "skipped").length;
      if (skipped > 0) {
        throw new UserError(`${skipped} envoy(s) skipped the filecast; SKIP REASON says why`, {
          exitCode: EXIT_CODE.failed,
        });
      }
      return;
    }
    await context.pause(WAIT_INTERVAL_MS);
  }
  context.output.endProgress(true);
  throw new UserError(
    `Stopped watching; the filecast goes on. See it with: vigocli swarm filecast status ${
      sha.slice(0, 12)
    }`,
    { exitCode: EXIT_CODE.interrupted },
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

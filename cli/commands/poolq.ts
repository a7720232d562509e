import { Argument, Command, Option } from "@commander-js/extra-typings";
import {
  poolqBlock,
  poolqHead,
  poolqRange,
  poolqStatus,
  poolqTopics,
  poolqUnblock,
} from "../../shared/rest/poolq.ts";
import { MAX_RANGE_MESSAGES } from "../../shared/poolq/limits.ts";
import { createMessageVerifier } from "../../shared/poolq/verify_message.ts";
import { wholeNumber } from "../../shared/terminal/argument_parser.ts";
import { withExamples } from "../../shared/terminal/run_cli.ts";
import { UserError } from "../../shared/terminal/user_error.ts";
import type { ApiClient } from "../client/api_client.ts";
import type { CliContext } from "../context.ts";
import {
  renderQueueMessages,
  renderQueueStatus,
  renderQueueTopic,
  renderQueueTopics,
} from "../output/poolq.ts";
import { serverCommand } from "./server_command.ts";

const TOPIC = "topic id, or a unique beginning of at least 8 digits";

/** `vigocli swarm poolq`: the fleet's queues, as the server sees them. Posting is for users, on their envoys. */
export function poolqCommand(context: CliContext): Command {
  const poolq = new Command("poolq").description("Queues of the fleet: look, and block");
  for (
    const verb of [
      statusCommand,
      listCommand,
      showCommand,
      readCommand,
      blockCommand,
      unblockCommand,
    ]
  ) poolq.addCommand(verb(context));
  return withExamples(poolq, [
    ["vigocli swarm poolq list", "every topic, and who writes it"],
    ["vigocli swarm poolq read a1b2c3d4 --from 10", "messages of one of them"],
  ]);
}

function statusCommand(context: CliContext) {
  const command = serverCommand("status")
    .description("Show totals, limits and what is blocked")
    .action(async ({ json, ...flags }) => {
      using client = await context.connect(flags);
      const answer = await client.call(poolqStatus, {});
      if (json) return context.output.json(answer);
      context.output.line(renderQueueStatus(answer));
    });
  return withExamples(command, [["vigocli swarm poolq status", "how much the queues hold"]]);
}

function listCommand(context: CliContext) {
  const command = serverCommand("list")
    .description("List topics")
    .option("--limit <count>", "how many", wholeNumber(1, 1000), 200)
    .option("--cursor <cursor>", "go on after the page that named it")
    .action(async ({ limit, cursor, json, ...flags }) => {
      using client = await context.connect(flags);
      const answer = await client.call(poolqTopics, {
        query: { limit, ...(cursor === undefined ? {} : { cursor }) },
      });
      if (json) return context.output.json(answer);
      if (answer.topics.length === 0) {
        return context.output.note(
          "No topics. Users post with: vigo swarm poolq post NAME --body TEXT",
        );
      }
      context.output.line(renderQueueTopics(answer.topics, context.now()));
      if (answer.nextCursor !== null) {
        context.output.note(`There are more: go on with --cursor '${answer.nextCursor}'`);
      }
    });
  return withExamples(command, [["vigocli swarm poolq list", "every topic, and who writes it"]]);
}

function showCommand(context: CliContext) {
  const command = serverCommand("show")
    .description("Show one topic")
    .argument("<topic>", TOPIC)
    .action(async (id, { json, ...flags }) => {
      using client = await context.connect(flags);
      const answer = await client.call(poolqHead, { params: { id } });
      if (json) return context.output.json(answer);
      context.output.line(renderQueueTopic(answer, context.now()));
    });
  return withExamples(command, [["vigocli swarm poolq show a1b2c3d4", "its head and writer"]]);
}

function readCommand(context: CliContext) {
  const command = serverCommand("read")
    .description("Read messages of a topic; each signature is verified here")
    .argument("<topic>", TOPIC)
    .option("--from <seq>", "where to begin", wholeNumber(1, Number.MAX_SAFE_INTEGER), 1)
    .option("--limit <count>", "how many", wholeNumber(1, MAX_RANGE_MESSAGES), 100)
    .action(async (id, { from, limit, json, ...flags }) => {
      using client = await context.connect(flags);
      const answer = await client.call(poolqRange, { params: { id }, query: { from, limit } });
      const verify = createMessageVerifier();
      for (const message of answer.messages) {
        const verdict = verify(message, { topicId: answer.topicId });
        if (!verdict.ok) {
          throw new UserError(
            `The server gave a message that is none at seq ${message.seq}: ${verdict.reason}`,
          );
        }
      }
      if (json) return context.output.json(answer);
      if (answer.firstSeq > from) {
        context.output.note(`seq ${from}–${answer.firstSeq - 1} aged out`);
      }
      if (answer.blocked) context.output.note("Envoys do not serve nor show it: it is blocked");
      if (answer.messages.length === 0) return context.output.note("No messages");
      context.output.line(renderQueueMessages(answer.messages));
      const last = answer.messages.at(-1)?.seq ?? from;
      if (last < answer.headSeq) {
        context.output.note(`There are more: go on with --from ${last + 1}`);
      }
    });
  return withExamples(command, [
    ["vigocli swarm poolq read a1b2c3d4 --limit 10", "its first ten messages"],
  ]);
}

function blockCommand(context: CliContext) {
  const command = serverCommand("block")
    .description("Have envoys stop serving and showing a topic, or all of a puddle's key")
    .addArgument(new Argument("<id>", "topic id or a unique beginning; with --key a whole key"))
    .addOption(new Option("--key", "it is a puddle's key: all its topics").default(false))
    .option("--reason <text>", "for the record", "")
    .action(async (id, { key, reason, json, ...flags }) => {
      using client = await context.connect(flags);
      const what = await target(client, id, key);
      const answer = await client.call(poolqBlock, { body: { ...what, reason } });
      if (json) return context.output.json(answer);
      context.output.line(
        `${answer.changed ? "Blocked" : "Blocked already:"} ${answer.kind} ${answer.value}`,
      );
    });
  return withExamples(command, [
    ["vigocli swarm poolq block a1b2c3d4 --reason 'leaked a password'", "one topic"],
    [`vigocli swarm poolq block --key ${"ab".repeat(32)}`, "everything of one puddle"],
  ]);
}

function unblockCommand(context: CliContext) {
  const command = serverCommand("unblock")
    .description("Let a topic or a key be served and shown again; nothing of it was deleted")
    .addArgument(new Argument("<id>", "topic id or a unique beginning; with --key a whole key"))
    .addOption(new Option("--key", "it is a puddle's key").default(false))
    .action(async (id, { key, json, ...flags }) => {
      using client = await context.connect(flags);
      const answer = await client.call(poolqUnblock, { body: await target(client, id, key) });
      if (json) return context.output.json(answer);
      context.output.line(
        `${answer.changed ? "Unblocked" : "Not blocked:"} ${answer.kind} ${answer.value}`,
      );
    });
  return withExamples(command, [["vigocli swarm poolq unblock a1b2c3d4", "one topic"]]);
}

/** What a block names: a whole id or key is taken as it is, since nobody may have heard of it yet. */
async function target(client: ApiClient, id: string, isKey: boolean) {
  if (/^[0-9a-f]{64}$/.test(id)) {
    return { kind: isKey ? "key" as const : "topic" as const, value: id };
  }
  if (isKey) throw new UserError(`Cannot block key "${id}": a key has 64 lowercase hex digits`);
  const { topicId } = await client.call(poolqHead, { params: { id } });
  return { kind: "topic" as const, value: topicId };
}

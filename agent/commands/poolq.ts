import { Command, Option } from "@commander-js/extra-typings";
import type { RootPaths } from "../../shared/platform/root_paths.ts";
import { asArgument, wholeNumber } from "../../shared/terminal/argument_parser.ts";
import { withExamples } from "../../shared/terminal/run_cli.ts";
import type { AgentContext } from "./context.ts";
import { explain } from "./explain.ts";
import { parseGroup } from "./parse_group.ts";

const WHOSE = "whose queues; for root";
const TOPIC = "name of a topic that you founded, or any topic's id";

/** `vigo swarm poolq …`: signed, ordered logs that a person posts to and anybody in the fleet reads. */
export function poolqCommand(context: AgentContext, roots: () => RootPaths) {
  const command = new Command("poolq")
    .description("Post to and read signed, ordered logs of the fleet");
  const group = () =>
    new Option("--group <name>", "a reader with an offset of its own").argParser(
      asArgument(parseGroup),
    );

  const post = command.command("post")
    .description("Post a message, durably, to a topic of yours")
    .argument("<topic>", "name of the topic; the first post founds it")
    .option("--body <text>", "the message")
    .option("--stdin", "take the message from standard input, every byte of it")
    .option("--batch", "take a message from each line of standard input")
    .option("--json", "print JSON")
    .option("--user <name>", WHOSE)
    .action(async (topic, flags) => {
      const { runPost } = await import("./poolq_post.ts");
      await explain(runPost(context, roots(), topic, flags));
    });
  const topics = command.command("topics")
    .description("List the topics of the fleet")
    .option("--json", "print JSON")
    .action(async (flags) => {
      const { runTopics } = await import("./poolq_topics.ts");
      await explain(runTopics(context, roots(), flags));
    });
  const subscribe = command.command("subscribe")
    .description("Remember a topic and how far it was read")
    .argument("<topic>", TOPIC)
    .option("--json", "print JSON")
    .option("--user <name>", WHOSE)
    .action(async (topic, flags) => {
      const { runSubscribe } = await import("./poolq_subscriptions.ts");
      await explain(runSubscribe(context, roots(), topic, flags));
    });
  const read = reader(command.command("read"), "print at most so many messages")
    .description("Print the messages that were not read yet, and remember so")
    .addOption(group())
    .action(async (topic, flags) => {
      const { runRead } = await import("./poolq_read.ts");
      await explain(runRead(context, roots(), topic, flags));
    });
  const tail = reader(command.command("tail"), "how many messages; default 10")
    .description("Print the latest messages and leave the offset alone")
    .action(async (topic, flags) => {
      const { runTail } = await import("./poolq_read.ts");
      await explain(runTail(context, roots(), topic, flags));
    });
  const seek = command.command("seek")
    .description("Choose the message that the next read begins with")
    .argument("<topic>", TOPIC)
    .argument("<seq>", "its seq; 0 is the beginning, as 1 is", wholeNumber(0))
    .addOption(group())
    .option("--json", "print JSON")
    .option("--user <name>", WHOSE)
    .action(async (topic, seq, flags) => {
      const { runSeek } = await import("./poolq_subscriptions.ts");
      await explain(runSeek(context, roots(), topic, seq, flags));
    });
  const offset = command.command("offset")
    .description("Print the seq that was read last")
    .argument("<topic>", TOPIC)
    .addOption(group())
    .option("--json", "print JSON")
    .option("--user <name>", WHOSE)
    .action(async (topic, flags) => {
      const { runOffset } = await import("./poolq_subscriptions.ts");
      await explain(runOffset(context, roots(), topic, flags));
    });
  const status = command.command("status")
    .description("Show where your queues are and what the fleet allows")
    .option("--json", "print JSON")
    .option("--user <name>", WHOSE)
    .action(async (flags) => {
      const { runStatus } = await import("./poolq_topics.ts");
      await explain(runStatus(context, roots(), flags));
    });
  const move = command.command("move")
    .description("Write a topic from another envoy")
    .argument("<topic>", "name of the topic")
    .option("--to <host>", "on the envoy that writes it: who is to")
    .option("--lost-writer", "on the envoy that is to write it: the present one is gone for good")
    .option("--yes", "do not ask")
    .option("--json", "print JSON")
    .option("--user <name>", WHOSE)
    .action(async (topic, flags) => {
      const { runMove } = await import("./poolq_move.ts");
      await explain(runMove(context, roots(), topic, flags));
    });

  withExamples(post, [
    [`vigo swarm poolq post build-tasks --body '{"task":"deploy"}'`, "one message"],
    [
      "git log -1 | vigo swarm poolq post releases --stdin",
      "what a program prints, as one message",
    ],
    ["vigo swarm poolq post events --batch < events.ndjson", "a message for each line, quickly"],
  ]);
  withExamples(topics, [["vigo swarm poolq topics", "what there is to read, and who founded it"]]);
  withExamples(subscribe, [
    ["vigo swarm poolq subscribe build-tasks", "a topic that you founded"],
    ['vigo swarm poolq subscribe "$TOPIC_ID"', "anybody's, by its id of 64 digits"],
  ]);
  withExamples(read, [
    ["vigo swarm poolq read build-tasks", "everything since the last time"],
    [
      "vigo swarm poolq read build-tasks --follow --format body --group builder",
      "a worker's input",
    ],
  ]);
  withExamples(tail, [["vigo swarm poolq tail build-tasks --limit 3", "the latest three"]]);
  withExamples(seek, [
    ["vigo swarm poolq seek build-tasks 0", "read everything again"],
    ["vigo swarm poolq seek build-tasks 5", "go on with seq 5"],
  ]);
  withExamples(offset, [["vigo swarm poolq offset build-tasks", "how far it was read"]]);
  withExamples(status, [["vigo swarm poolq status", "limits, and where the files are"]]);
  withExamples(move, [
    ["vigo swarm poolq move build-tasks --to web-2", "from now on post on web-2"],
    ["vigo swarm poolq move build-tasks --lost-writer", "its writer is gone: go on from here"],
  ]);
  return withExamples(command, [
    ["vigo swarm poolq post build-tasks --body hello", "post"],
    ["vigo swarm poolq subscribe build-tasks", "remember how far you read"],
    ["vigo swarm poolq read build-tasks --follow", "read, and wait for more"],
  ]);
}

/** The options that `read` and `tail` share. */
function reader(command: Command, limit: string) {
  return command
    .argument("<topic>", TOPIC)
    .option("--limit <n>", limit, wholeNumber(1))
    .option("--follow", "wait for more until interrupted")
    .addOption(
      new Option("--format <format>", "text, json (a signed envelope on each line) or body")
        .choices(["text", "json", "body"] as const),
    )
    .option("--json", "print the signed envelopes as one JSON document")
    .option("--user <name>", WHOSE)
    .option("--skip-bad", "go on past messages that are refused or missing");
}

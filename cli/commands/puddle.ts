import { Command } from "@commander-js/extra-typings";
import { puddleEvict, puddleList, puddleShow } from "../../shared/rest/puddle.ts";
import { wholeNumber } from "../../shared/terminal/argument_parser.ts";
import { withExamples } from "../../shared/terminal/run_cli.ts";
import { sanitize } from "../../shared/terminal/sanitize.ts";
import type { CliContext } from "../context.ts";
import { CURSOR_OPTION, noteNextPage } from "../output/next_page.ts";
import { renderPuddle, renderPuddles } from "../output/puddle.ts";
import { serverCommand } from "./server_command.ts";

const PUDDLE = "its key, a unique beginning of at least 8 digits, or its name";

/** `vigocli swarm puddle`: people's identities, as their machines report them. */
export function puddleCommand(context: CliContext): Command {
  const puddle = new Command("puddle").description("Identities of users: look, and evict");
  for (const verb of [listCommand, showCommand, evictCommand]) puddle.addCommand(verb(context));
  return withExamples(puddle, [
    ["vigocli swarm puddle list", "every identity, and how many machines have it"],
    ["vigocli swarm puddle evict mara web-1", "have web-1 remove mara's key"],
  ]);
}

function listCommand(context: CliContext) {
  const command = serverCommand("list")
    .description("List puddles")
    .option("--limit <count>", "how many", wholeNumber(1, 1000), 200)
    .option(...CURSOR_OPTION)
    .action(async ({ limit, cursor, json, ...flags }) => {
      using client = await context.connect(flags);
      const answer = await client.call(puddleList, {
        query: { limit, ...(cursor === undefined ? {} : { cursor }) },
      });
      if (json) return context.output.json(answer);
      if (answer.puddles.length === 0) {
        return context.output.note("No puddles. Users make one with: vigo swarm puddle init");
      }
      context.output.line(renderPuddles(answer.puddles));
      noteNextPage(context.output, answer.nextCursor);
    });
  return withExamples(command, [["vigocli swarm puddle list", "every identity"]]);
}

function showCommand(context: CliContext) {
  const command = serverCommand("show")
    .description("Show one puddle and the machines that have it")
    .argument("<puddle>", PUDDLE)
    .action(async (puddle, { json, ...flags }) => {
      using client = await context.connect(flags);
      const answer = await client.call(puddleShow, { params: { puddle } });
      if (json) return context.output.json(answer);
      context.output.line(renderPuddle(answer));
    });
  return withExamples(command, [["vigocli swarm puddle show mara", "by its name"]]);
}

function evictCommand(context: CliContext) {
  const command = serverCommand("evict")
    .description("Have one envoy remove a puddle's wrapped key; other machines keep it")
    .argument("<puddle>", PUDDLE)
    .argument("<host>", "the envoy")
    .option("--undo", "let the puddle be there again; its key does not come back by that", false)
    .action(async (puddle, host, { undo, json, ...flags }) => {
      using client = await context.connect(flags);
      const answer = await client.call(puddleEvict, { params: { puddle }, body: { host, undo } });
      if (json) return context.output.json(answer);
      const short = answer.publicKey.slice(0, 12);
      const where = sanitize(answer.hostname);
      if (undo) {
        const what = answer.changed ? "may be" : "was never evicted and may be";
        return context.output.line(`Puddle ${short} ${what} on ${where} again`);
      }
      context.output.line(
        answer.changed
          ? `Evicted ${short} from ${where}: it removes the wrapped key as soon as it hears of it`
          : `Puddle ${short} was evicted from ${where} already`,
      );
      context.output.note(
        "No other machine was touched. Who may know the passphrase has a copy for good: its owner should rekey",
      );
    });
  return withExamples(command, [
    ["vigocli swarm puddle evict mara web-1", "web-1 was lost"],
    ["vigocli swarm puddle evict a1b2c3d4 web-1 --undo", "web-1 was found"],
  ]);
}

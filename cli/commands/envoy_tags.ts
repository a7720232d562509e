import { suggestName } from "../../shared/naming/nearest_name.ts";
import { envoyShow, envoyTag } from "../../shared/rest/envoys.ts";
import { EXIT_CODE } from "../../shared/terminal/exit_code.ts";
import { withExamples } from "../../shared/terminal/run_cli.ts";
import { sanitize } from "../../shared/terminal/sanitize.ts";
import { UserError } from "../../shared/terminal/user_error.ts";
import type { CliContext } from "../context.ts";
import { serverCommand } from "./server_command.ts";

/** `vigocli envoys tag`. */
export function tagCommand(context: CliContext) {
  const command = serverCommand("tag")
    .description("Set tags of an envoy; target specs find it by them")
    .argument("<host>", "hostname or UUID")
    .argument("<name=value...>", "tags to set")
    .action(async (host, assignments, { json, ...flags }) => {
      const set = Object.fromEntries(assignments.map(readAssignment));
      using client = await context.connect(flags);
      const answer = await client.call(envoyTag, { params: { host }, body: { set } });
      if (json) return context.output.json(answer);
      context.output.line(renderTags(answer));
    });
  return withExamples(command, [
    ["vigocli envoys tag web-1 tier=gold viz.color=green", "set two tags"],
    ["vigocli envoys --target 'tag:tier=gold'", "and find whatever has one"],
  ]);
}

/** `vigocli envoys untag`. */
export function untagCommand(context: CliContext) {
  const command = serverCommand("untag")
    .description("Take tags away from an envoy")
    .argument("<host>", "hostname or UUID")
    .argument("<name...>", "tags to take away")
    .action(async (host, remove, { json, ...flags }) => {
      using client = await context.connect(flags);
      // Asked before, since the answer tells only what is left.
      const before = await client.call(envoyShow, { params: { host } });
      const answer = await client.call(envoyTag, { params: { host }, body: { remove } });
      if (json) return context.output.json(answer);
      context.output.line(renderTags(answer));
      const known = Object.keys(before.tags);
      for (const name of remove.filter((each) => !known.includes(each))) {
        context.output.note(
          `${sanitize(answer.hostname)} had no tag ${JSON.stringify(sanitize(name))}${
            sanitize(suggestName(name, known))
          }`,
        );
      }
    });
  return withExamples(command, [["vigocli envoys untag web-1 tier", "take one tag away"]]);
}

function readAssignment(text: string): [string, string] {
  const at = text.indexOf("=");
  if (at > 0) return [text.slice(0, at), text.slice(at + 1)];
  throw new UserError(
    `Cannot read tag ${JSON.stringify(sanitize(text))}: write NAME=VALUE, as in tier=gold`,
    { exitCode: EXIT_CODE.usage },
  );
}

function renderTags(
  { hostname, tags, changed }: {
    readonly hostname: string;
    readonly tags: Readonly<Record<string, string>>;
    readonly changed: boolean;
  },
): string {
  const list = Object.entries(tags).map(([name, value]) => sanitize(`${name}=${value}`)).join(" ");
  return `${sanitize(hostname)}: ${list || "no tags"}${changed ? "" : " (as before)"}`;
}

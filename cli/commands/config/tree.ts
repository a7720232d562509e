import { configTree } from "../../../shared/rest/config_views.ts";
import { EXIT_CODE } from "../../../shared/terminal/exit_code.ts";
import { withExamples } from "../../../shared/terminal/run_cli.ts";
import { UserError } from "../../../shared/terminal/user_error.ts";
import type { CliContext } from "../../context.ts";
import { renderProblems } from "../../output/changes.ts";
import { renderConfigTree } from "../../output/config_tree.ts";
import { lineWidth } from "../../output/placed_line.ts";
import { serverCommand } from "../server_command.ts";
import { mistakesError } from "./mistakes.ts";
import { STAGED_FLAG, stagedQuery } from "./staged_flag.ts";

/** `vigocli config tree` */
export function treeCommand(context: CliContext) {
  const { output } = context;
  const command = serverCommand("tree")
    .description("Draw which entries, roles, crates and resources lead to which")
    .argument("[host]", "only what this host gets, down to its resources")
    .option("--crate <name>", "only this configcrate, and who leads to it")
    .option(...STAGED_FLAG)
    .action(async (host, { crate, staged, json, ...flags }) => {
      if (host !== undefined && crate !== undefined) {
        throw new UserError("Cannot draw a host and --crate at once: leave one out", {
          exitCode: EXIT_CODE.usage,
        });
      }
      using client = await context.connect(flags);
      const answer = await client.call(configTree, {
        query: {
          ...stagedQuery(staged),
          ...host === undefined ? {} : { host },
          ...crate === undefined ? {} : { crate },
        },
      });
      const { roots, leftOut, mistakes } = answer;
      if (json) output.json(answer);
      else if (mistakes.length > 0) output.line(renderProblems(mistakes));
      else if (roots.length === 0) output.note("The stacks have no entry");
      else {
        output.line(renderConfigTree(roots, { width: lineWidth(output), style: output.style }));
      }
      if (leftOut > 0 && !json) {
        output.note(`${leftOut} more are not drawn; name a host, or --crate`);
      }
      if (mistakes.length > 0) throw mistakesError(mistakes);
    });
  return withExamples(command, [
    ["vigocli config tree", "who gets which roles and crates"],
    ["vigocli config tree web-1", "everything that web-1 gets"],
    ["vigocli config tree --crate nginx", "what is in a crate, and who gets it"],
  ]);
}

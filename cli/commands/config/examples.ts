import { counted } from "../../../shared/terminal/counted.ts";
import { Command } from "@commander-js/extra-typings";
import { rootPaths } from "../../../shared/platform/root_paths.ts";
import { withExamples } from "../../../shared/terminal/run_cli.ts";
import { sanitize } from "../../../shared/terminal/sanitize.ts";
import { renderTable } from "../../../shared/terminal/table.ts";
import type { CliContext } from "../../context.ts";
import { copyExample, listExamples } from "../../examples/example_library.ts";
import { lineWidth } from "../../output/placed_line.ts";

/** `vigocli config examples`: stacks to start from, which come with this program. */
export function examplesCommand(context: CliContext): Command {
  const examples = new Command("examples").description("Stacks to start from");
  examples.addCommand(listCommand(context), { isDefault: true });
  examples.addCommand(copyCommand(context));
  return withExamples(examples, [
    ["vigocli config examples", "what there is"],
    ["vigocli config examples copy web-server", "begin with one"],
  ]);
}

function listCommand({ output }: CliContext) {
  const command = new Command("list")
    .description("List the examples")
    .option("--json", "print them as JSON", false)
    .action(async ({ json }) => {
      const examples = await listExamples();
      if (json) return output.json({ examples });
      const width = lineWidth(output);
      output.line(
        renderTable(
          [{ header: "EXAMPLE" }, { header: "FILES", align: "right" }, { header: "WHAT IT GIVES" }],
          examples.map(({ name, files, title }) => [name, String(files), title]),
          Number.isFinite(width) ? { width } : {},
        ).trimEnd(),
      );
    });
  return withExamples(command, [["vigocli config examples list", "what there is to start from"]]);
}

function copyCommand({ output, root: environmentRoot }: CliContext) {
  const command = new Command("copy")
    .description("Copy an example; nothing is overwritten")
    .argument("<name>", "one of those that `list` shows")
    .argument("[dir]", "where to; by default the stacks of this server, /srv/vigo/stacks")
    .option("--root <dir>", "root folder of a server on this machine")
    .option("--json", "print what was copied as JSON", false)
    .action(async (name, dir, { root, json }) => {
      const folder = dir ?? rootPaths(root ?? environmentRoot).at("/srv/vigo/stacks");
      const copied = await copyExample(name, folder);
      if (json) return output.json(copied);
      const { example, files } = copied;
      output.line(
        `Copied ${counted(files.length, "file")} of ${sanitize(example)} to ${sanitize(folder)}`,
      );
    });
  return withExamples(command, [
    ["vigocli config examples copy web-server", "into the stacks of this server"],
    ["vigocli config examples copy hardening ./stacks", "into a folder of yours"],
  ]);
}

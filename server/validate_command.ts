import { Command } from "@commander-js/extra-typings";
import { rootPaths } from "../shared/platform/root_paths.ts";
import { counted } from "../shared/terminal/counted.ts";
import { EXIT_CODE } from "../shared/terminal/exit_code.ts";
import { jsonText } from "../shared/terminal/json_text.ts";
import { withExamples } from "../shared/terminal/run_cli.ts";
import { sanitize } from "../shared/terminal/sanitize.ts";
import { systemFailure } from "../shared/terminal/system_failure.ts";
import { UserError } from "../shared/terminal/user_error.ts";
import { checkStacks } from "./resolve/check_stacks.ts";
import { formatProblem } from "./stacks/problem_list.ts";
import { readStackFolder } from "./stacks/read_stack_folder.ts";

/** What `vigosrv validate` needs of the program around it. */
export interface ValidateContext {
  write(text: string): void;
  /** The root folder that was named on the command line or by the environment. */
  root(): string;
}

/**
 * `vigosrv validate [dir]`: the check of `vigocli config validate` for stacks that lie elsewhere, such as a checkout on a
 * build machine. It is a verb of this program since `vigocli` sends no files to a server, and the language is known here.
 */
export function validateCommand({ write, root }: ValidateContext) {
  const command = new Command("validate")
    .description("Check stacks in a folder and report every mistake at once; no server is needed")
    .argument("[dir]", "where they lie; by default the stacks of this server, /srv/vigo/stacks")
    .option("--json", "print the answer as JSON", false)
    .action(async (dir, { json }) => {
      const folder = dir ?? rootPaths(root()).at("/srv/vigo/stacks");
      const { files, problems: unread } = await readStackFolder(folder).catch((cause: unknown) => {
        throw explain(folder, cause);
      });
      const checked = checkStacks(files);
      const problems = [...unread, ...checked.ok ? [] : checked.problems];
      const valid = problems.length === 0;
      if (json) write(jsonText({ valid, files: files.length, problems }));
      else if (valid) write(`Valid: ${counted(files.length, "file")}\n`);
      else write(problems.map((problem) => `${sanitize(formatProblem(problem))}\n`).join(""));
      if (!valid) {
        throw new UserError(
          `The stacks in ${sanitize(folder)} have ${counted(problems.length, "mistake")}`,
          { exitCode: EXIT_CODE.failed },
        );
      }
    });
  return withExamples(command, [
    ["vigosrv validate ./stacks", "a checkout, in a commit hook or on a build machine"],
    ["vigosrv validate", "the stacks of this server, whether it runs or not"],
  ]);
}

function explain(folder: string, cause: unknown): unknown {
  const why = cause instanceof Deno.errors.NotFound
    ? "there is no such folder"
    : cause instanceof Deno.errors.NotADirectory
    ? "it is not a folder"
    : systemFailure(cause)?.reason;
  if (why === undefined) return cause;
  return new UserError(`Cannot check "${folder}": ${why}`, { exitCode: EXIT_CODE.usage, cause });
}

import { bashCompletion } from "./bash_completion.ts";
import type { CommandNode } from "./command_tree.ts";
import { fishCompletion } from "./fish_completion.ts";
import { zshCompletion } from "./zsh_completion.ts";

export const SHELLS = ["bash", "zsh", "fish"] as const;

export type Shell = typeof SHELLS[number];

/**
 * A script that completes the commands, options and choices of a program in a shell. It runs no program, so it works
 * before anything is configured; where any value will do, files are offered.
 *
 * @param program The description of the program, as `describeCommand` gives it.
 * @throws {TypeError} if a command, flag or choice holds a character that a shell could act on.
 */
export function completionScript(shell: Shell, program: CommandNode): string {
  switch (shell) {
    case "bash":
      return bashCompletion(program);
    case "zsh":
      return zshCompletion(program);
    case "fish":
      return fishCompletion(program);
  }
}

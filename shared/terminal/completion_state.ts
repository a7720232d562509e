import type { CommandNode, OptionNode } from "./command_tree.ts";

/** What may be typed after one chain of commands, for the shells to look up. */
export interface CompletionState {
  /** The commands typed so far without the program: `/task/run`; empty for the program alone. */
  readonly path: string;
  readonly subcommands: readonly CommandNode[];
  /** Options that hold here: the command's own and those of the commands above. */
  readonly options: readonly OptionNode[];
  /** Words that a positional argument may be. */
  readonly words: readonly string[];
}

/** What completion scripts accept as a name, flag or choice: nothing that any shell expands, splits or ends a quote at. */
const SAFE_WORD = /^[A-Za-z0-9_@%+=:,.\/-]+$/;

/**
 * Every state of a command line, parents before children.
 *
 * @throws {TypeError} if a command, flag or choice holds a character that a shell could act on.
 */
export function listCompletionStates(
  node: CommandNode,
  path = "",
  inherited: readonly OptionNode[] = [],
): CompletionState[] {
  const isKnown = new Set(node.options.flatMap(({ flags }) => flags));
  const above = inherited.filter(({ flags }) => !flags.some((flag) => isKnown.has(flag)));
  const options = [...node.options, ...above];
  const words = node.arguments.flatMap(({ choices }) => choices);
  const names = node.subcommands.map(({ name }) => name);
  for (
    const word of [
      ...names,
      ...words,
      ...options.flatMap(({ flags, choices }) => [...flags, ...choices]),
    ]
  ) {
    if (!SAFE_WORD.test(word)) {
      throw new TypeError(
        `Cannot write completions: ${JSON.stringify(word)} holds a character that a shell acts on`,
      );
    }
  }
  const state = { path, subcommands: node.subcommands, options, words };
  // The version is the program's, so nobody asks a command below for it.
  const passedOn = options.filter(({ flags }) => !flags.includes("--version"));
  return [
    state,
    ...node.subcommands.flatMap((child) =>
      listCompletionStates(child, `${path}/${child.name}`, passedOn)
    ),
  ];
}

/** The name of the script's function for a program: `_vigocli_complete`. */
export function functionName(program: string): string {
  return `_${program.replaceAll(/[^A-Za-z0-9]/g, "_")}_complete`;
}

/** Text in single quotes, for bash and zsh. */
export function quoteForShell(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/** Descriptions stand on one line, without what would end it. */
export function describeOnOneLine(text: string): string {
  return text.replaceAll(/[\p{Cc}\s]+/gu, " ").trim();
}

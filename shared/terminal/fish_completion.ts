import type { CommandNode, OptionNode } from "./command_tree.ts";
import {
  type CompletionState,
  describeOnOneLine,
  functionName,
  listCompletionStates,
} from "./completion_state.ts";

/** A completion script for fish 3 and later, to be sourced or put into its `completions` folder; see `completionScript`. */
export function fishCompletion(program: CommandNode): string {
  const name = functionName(program.name);
  const states = listCompletionStates(program);
  return `# fish completion for ${program.name}
function ${name}
  set -l node ''
  set -l skip 0
  set -l typed (commandline -opc)
  set -e typed[1]
  for word in $typed
    if test $skip = 1
      set skip 0
      continue
    end
    switch "$node $word"
${states.flatMap(writeSteps).join("\n")}
    end
  end
  test "$node" = "$argv[1]"
end
${states.flatMap((state) => writeState(program.name, name, state)).join("\n")}
`;
}

function writeSteps({ path, subcommands, options }: CompletionState): string[] {
  const steps = subcommands.map(({ name }) =>
    `      case '${path} ${name}'\n        set node '${path}/${name}'`
  );
  const flags = options.filter(({ takesValue }) => takesValue).flatMap(({ flags }) => flags);
  if (flags.length > 0) {
    steps.push(
      `      case ${flags.map((flag) => `'${path} ${flag}'`).join(" ")}\n        set skip 1`,
    );
  }
  return steps;
}

function writeState(program: string, name: string, state: CompletionState): string[] {
  const start = `complete -c ${program} -n "${name} '${state.path}'"`;
  const entries = [
    ...state.subcommands.map(({ name, description }) =>
      `${start} -f -a '${name}'${describe(description)}`
    ),
    ...state.words.map((word) => `${start} -f -a '${word}'`),
  ];
  return [...entries, ...state.options.map((option) => `${start}${writeOption(option)}`)];
}

function writeOption({ flags, description, takesValue, choices }: OptionNode): string {
  const spellings = flags.map((flag) =>
    flag.startsWith("--") ? ` -l ${flag.slice(2)}` : ` -s ${flag.slice(1)}`
  );
  const value = !takesValue ? "" : choices.length > 0 ? ` -x -a '${choices.join(" ")}'` : " -r";
  return spellings.join("") + value + describe(description);
}

/** In fish's single quotes a backslash escapes a quote or itself. */
function describe(description: string): string {
  const text = describeOnOneLine(description).replaceAll(/[\\']/g, "\\$&");
  return text === "" ? "" : ` -d '${text}'`;
}

import type { CommandNode } from "./command_tree.ts";
import { type CompletionState, functionName, listCompletionStates } from "./completion_state.ts";

/** A completion script for bash 3.2 (macOS) and later, to be sourced; see `completionScript`. */
export function bashCompletion(program: CommandNode): string {
  const name = functionName(program.name);
  const states = listCompletionStates(program);
  return `# bash completion for ${program.name}
${name}() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev='' node='' skip=0 word i
  # bash cuts --option=value at the sign: the value completes like that of --option value.
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=\${COMP_WORDS[i]}
    if [[ $word == '=' ]]; then
      skip=1
      continue
    fi
    prev=$word
    if ((skip)); then
      skip=0
      continue
    fi
    case "$node $word" in
${states.flatMap(writeSteps).join("\n")}
    esac
  done
  [[ $cur == '=' ]] && cur='' && skip=1
  if ((skip)); then
    case "$node $prev" in
${states.flatMap(writeChoices).join("\n")}
      *) COMPREPLY=() ;;
    esac
    return
  fi
  case "$node" in
${states.map(writeWords).join("\n")}
  esac
}
complete -o default -F ${name} ${program.name}
`;
}

/** Which word leads to another state, and which expects a value. */
function writeSteps({ path, subcommands, options }: CompletionState): string[] {
  const steps = subcommands.map(({ name }) => `      '${path} ${name}') node='${path}/${name}' ;;`);
  const flags = options.filter(({ takesValue }) => takesValue).flatMap(({ flags }) => flags);
  if (flags.length > 0) {
    steps.push(`      ${flags.map((flag) => `'${path} ${flag}'`).join(" | ")}) skip=1 ;;`);
  }
  return steps;
}

function writeChoices({ path, options }: CompletionState): string[] {
  return options.filter(({ choices }) => choices.length > 0).map(({ flags, choices }) =>
    `      ${flags.map((flag) => `'${path} ${flag}'`).join(" | ")}) ${reply(choices)} ;;`
  );
}

function writeWords({ path, subcommands, options, words }: CompletionState): string {
  const flags = options.flatMap(({ flags }) => flags);
  const names = [...subcommands.map(({ name }) => name), ...words];
  return `    '${path}')
      if [[ $cur == -* ]]; then ${reply(flags)}
      else ${reply(names)}; fi ;;`;
}

function reply(words: readonly string[]): string {
  return `COMPREPLY=($(compgen -W '${words.join(" ")}' -- "$cur"))`;
}

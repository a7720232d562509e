import type { CommandNode, OptionNode } from "./command_tree.ts";
import {
  type CompletionState,
  describeOnOneLine,
  functionName,
  listCompletionStates,
  quoteForShell,
} from "./completion_state.ts";

/** A completion script for zsh, to be sourced or put into a folder of `$fpath` as `_PROGRAM`; see `completionScript`. */
export function zshCompletion(program: CommandNode): string {
  const name = functionName(program.name);
  const states = listCompletionStates(program);
  return `#compdef ${program.name}
${name}() {
  local cur=\${words[CURRENT]} last='' node='' word
  local -i skip=0 i
  local -a entries
  for ((i = 2; i < CURRENT; i++)); do
    word=\${words[i]}
    if ((skip)); then
      skip=0
      continue
    fi
    last=$word
    case "$node $word" in
${states.flatMap(writeSteps).join("\n")}
    esac
  done
  if [[ $cur == --*=* ]]; then
    last=\${cur%%=*}
    skip=1
    compset -P '*='
  fi
  if ((skip)); then
    case "$node $last" in
${states.flatMap(writeChoices).join("\n")}
      *) _files ;;
    esac
    return
  fi
  case "$node" in
${states.map(writeWords).join("\n")}
  esac
  if ((\${#entries})); then
    _describe '${program.name}' entries
  else
    _files
  fi
}
if [[ \${funcstack[1]} == '_${program.name}' ]]; then
  ${name}
else
  compdef ${name} ${program.name}
fi
`;
}

function writeSteps({ path, subcommands, options }: CompletionState): string[] {
  const steps = subcommands.map(({ name }) => `      '${path} ${name}') node='${path}/${name}' ;;`);
  const flags = options.filter(({ takesValue }) => takesValue).flatMap(({ flags }) => flags);
  if (flags.length > 0) steps.push(`      ${anyOf(path, flags)}) skip=1 ;;`);
  return steps;
}

function writeChoices({ path, options }: CompletionState): string[] {
  return options.filter(({ choices }) => choices.length > 0).map(({ flags, choices }) =>
    `      ${anyOf(path, flags)}) compadd -- ${choices.map(quoteForShell).join(" ")} ;;`
  );
}

function writeWords({ path, subcommands, options, words }: CompletionState): string {
  const entries = [
    ...subcommands.map(({ name, description }) => describe(name, description)),
    ...words.map((word) => describe(word, "")),
  ];
  return `    '${path}')
      if [[ $cur == -* ]]; then
        entries=(${options.flatMap(describeFlags).join(" ")})
      else
        entries=(${entries.join(" ")})
      fi ;;`;
}

function describeFlags({ flags, description }: OptionNode): string[] {
  return flags.map((flag) => describe(flag, description));
}

/** An entry of `_describe`: a colon parts the word from what is said about it. */
function describe(word: string, description: string): string {
  const text = describeOnOneLine(description);
  const escaped = word.replaceAll(":", "\\:");
  return quoteForShell(text === "" ? escaped : `${escaped}:${text}`);
}

function anyOf(path: string, flags: readonly string[]): string {
  return flags.map((flag) => `'${path} ${flag}'`).join(" | ");
}

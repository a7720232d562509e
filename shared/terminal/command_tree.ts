import type { CommandUnknownOpts, Option } from "@commander-js/extra-typings";

/** What a command line offers, as plain data: enough to complete it in a shell or to write its manual. */
export interface CommandNode {
  readonly name: string;
  readonly description: string;
  /** Its own options, `--help` and `--version` included; those of the commands above it hold too. */
  readonly options: readonly OptionNode[];
  /** What its positional arguments may be, in order; an argument without choices takes anything. */
  readonly arguments: readonly { readonly name: string; readonly choices: readonly string[] }[];
  readonly subcommands: readonly CommandNode[];
}

export interface OptionNode {
  /** Every spelling, as in `["-t", "--target"]`. */
  readonly flags: readonly string[];
  readonly description: string;
  readonly takesValue: boolean;
  /** The values it may take; empty if any. */
  readonly choices: readonly string[];
}

/** Describes a commander program; hidden commands and options are left out. */
export function describeCommand(command: CommandUnknownOpts): CommandNode {
  const help = command.createHelp();
  return {
    name: command.name(),
    description: help.subcommandDescription(command) || command.description(),
    options: help.visibleOptions(command).map(describeOption),
    arguments: command.registeredArguments.map((argument) => ({
      name: argument.name(),
      choices: argument.argChoices ?? [],
    })),
    subcommands: help.visibleCommands(command).map(describeCommand),
  };
}

function describeOption(option: Option): OptionNode {
  return {
    flags: [option.short, option.long].filter((flag) => flag !== undefined),
    description: option.description,
    takesValue: option.required || option.optional,
    choices: option.argChoices ?? [],
  };
}

import type { CommandUnknownOpts } from "@commander-js/extra-typings";

/** A whole command line as it would be typed, and what it does in a few words. */
export type HelpExample = readonly [command: string, does: string];

/** Adds an Examples section at the end of a command's help, and returns the command. */
export function withExamples<C extends CommandUnknownOpts>(
  command: C,
  examples: readonly HelpExample[],
): C {
  const lines = examples.flatMap(([line, does]) => [`  # ${does}`, `  ${line}`]);
  command.addHelpText("after", ["\nExamples:", ...lines].join("\n"));
  return command;
}

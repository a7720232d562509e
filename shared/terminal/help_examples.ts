import type { CommandUnknownOpts } from "@commander-js/extra-typings";

export interface HelpExample {
  /** The whole command line, as it would be typed. */
  readonly command: string;
  /** What it does, in a few words. */
  readonly does: string;
}

/** Adds an Examples section at the end of a command's help. */
export function addExamples(command: CommandUnknownOpts, examples: readonly HelpExample[]): void {
  const lines = examples.flatMap(({ command, does }) => [`  # ${does}`, `  ${command}`]);
  command.addHelpText("after", ["\nExamples:", ...lines].join("\n"));
}

import { Command, type CommandUnknownOpts } from "@commander-js/extra-typings";

/** The flags that say which server; they are understood before the verb as well as after it. */
const CONNECTION_FLAGS = {
  server: ["--server <url>", "address of the server, such as https://vigo.example.com:8443"],
  ca: ["--ca <file>", "PEM file of the fleet's CA"],
  tokenFile: ["--token-file <file>", "file that holds the API token"],
  root: ["--root <dir>", "root folder of a server on this machine"],
} as const;

/** A leaf command that talks to the server: it has the flags that say which one, and `--json`. */
export function serverCommand(name: string) {
  return new Command(name)
    .option(...CONNECTION_FLAGS.server)
    .option(...CONNECTION_FLAGS.ca)
    .option(...CONNECTION_FLAGS.tokenFile)
    .option(...CONNECTION_FLAGS.root)
    .option("--json", "print the server's answer as JSON", false);
}

/** Lets a program take the connection flags in front of the verb, and hands them to whichever verb runs. */
export function withConnectionFlags(program: CommandUnknownOpts): void {
  for (const [flags, description] of Object.values(CONNECTION_FLAGS)) {
    program.option(flags, description);
  }
  program.hook("preAction", (_program, verb) => {
    const given = program.opts();
    for (const name of Object.keys(CONNECTION_FLAGS)) {
      if (given[name] !== undefined) verb.setOptionValue(name, given[name]);
    }
  });
}

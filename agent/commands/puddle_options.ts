import type { Command } from "@commander-js/extra-typings";

/** For root, which has no puddle of its own. */
// deno-lint-ignore ban-types -- what commander says of a command that has no options yet
export function addUserOption<A extends unknown[], O extends {}>(command: Command<A, O>) {
  return command.option("--user <name>", "act for this user; for root alone");
}

/** Where a passphrase may come from besides the terminal; never from an argument, which every user of the machine can read. */
// deno-lint-ignore ban-types -- as above
export function addPassphraseOptions<A extends unknown[], O extends {}>(command: Command<A, O>) {
  return command
    .option("--passphrase-file <file>", "read the passphrase from a file")
    .option("--passphrase-stdin", "read the passphrase from standard input");
}

import { Command } from "@commander-js/extra-typings";

/** A leaf command that talks to the server: it has the flags that say which one, and `--json`. */
export function serverCommand(name: string) {
  return new Command(name)
    .option("--server <url>", "address of the server, such as https://vigo.example.com:8443")
    .option("--ca <file>", "PEM file of the fleet's CA")
    .option("--token-file <file>", "file that holds the API token")
    .option("--root <dir>", "root folder of a server on this machine")
    .option("--json", "print the server's answer as JSON", false);
}

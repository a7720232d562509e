import { Command } from "@commander-js/extra-typings";
import type { RootPaths } from "../../shared/platform/root_paths.ts";
import { EXIT_CODE } from "../../shared/terminal/exit_code.ts";
import { withExamples } from "../../shared/terminal/run_cli.ts";
import { systemReason } from "../../shared/terminal/system_failure.ts";
import { UserError } from "../../shared/terminal/user_error.ts";
import type { ServerTrust } from "../enroll/rest_client.ts";
import type { AgentContext } from "./context.ts";
import { explain } from "./explain.ts";

/** `vigo bootstrap`: joins this machine to a fleet. */
export function bootstrapCommand(context: AgentContext, roots: () => RootPaths) {
  const command = new Command("bootstrap")
    .description("Join this machine to a fleet with a token from its server")
    .requiredOption("--server <url>", "the server's address, https://HOST:8443")
    .option("--hostname <name>", "the name to be known by; default: this machine's")
    .option("--ca <file>", "trust the server whose certificate this CA signed (PEM)")
    .option("--pin <pin>", "trust the server whose key has this pin, sha256//BASE64")
    .option("--token-file <file>", "file with the token; default: VIGO_TOKEN, then standard input")
    .action((flags) =>
      explain((async () => {
        const trust = await readTrust(flags);
        const server = parseServer(flags.server);
        const { readToken } = await import("../enroll/read_token.ts");
        const { enrol } = await import("../enroll/enrol.ts");
        const { agentPaths } = await import("../store/agent_paths.ts");
        const token = await readToken({
          ...(flags.tokenFile === undefined ? {} : { file: flags.tokenFile }),
          ...(context.env["VIGO_TOKEN"] ? { environment: context.env["VIGO_TOKEN"] } : {}),
          readStdin: () => context.readStdin(),
        });
        const hostname = (flags.hostname ?? Deno.hostname()).toLowerCase();
        const enrolled = await enrol(agentPaths(roots()), { server, hostname, token, trust });
        context.write(
          `Enrolled as ${enrolled.hostname} (${enrolled.envoyUuid}), checking in at ${enrolled.checksInAt}\n` +
            `Next: ${nextCommand(roots())}\n`,
        );
      })())
    );
  return withExamples(command, [
    [
      "VIGO_TOKEN=… vigo bootstrap --server https://vigo.example.com:8443 \\\n    --pin sha256//…",
      "with the token and pin that vigocli enroll token create printed",
    ],
    [
      "vigo bootstrap --server https://vigo.example.com:8443 \\\n    --ca ca.pem --token-file token",
      "with the fleet's CA at hand",
    ],
  ]);
}

/** What keeps this machine from now on, with the root if it is not the machine's own. */
function nextCommand({ root }: RootPaths): string {
  return root === "/" ? "vigo daemon" : `vigo daemon --root ${root}`;
}

/** The first contact must not be blind: a token sent to a stranger enrols the stranger's machine. */
async function readTrust(
  { ca, pin }: { ca?: string | undefined; pin?: string | undefined },
): Promise<ServerTrust> {
  if (ca !== undefined && pin !== undefined) {
    throw usage("Cannot use --ca and --pin together: name one of them");
  }
  if (ca !== undefined) {
    try {
      return { kind: "ca", pem: await Deno.readTextFile(ca) };
    } catch (cause) {
      throw usage(`Cannot read CA file "${ca}": ${systemReason(cause)}`);
    }
  }
  if (pin === undefined) {
    throw usage(
      'Cannot trust a server that is not named: give --pin sha256//… (printed by "vigocli enroll token create") or --ca FILE (tls/ca.crt on the server)',
    );
  }
  const sha256 = pin.replace(/^sha256\/\//, "");
  if (!/^[A-Za-z0-9+/]{43}=$/.test(sha256)) {
    throw usage(`Cannot read pin "${pin}": wanted sha256// and 44 characters of base64`);
  }
  return { kind: "pin", sha256 };
}

function parseServer(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol !== "https:" || url.pathname !== "/" || url.search !== "") {
    throw usage(`Cannot read server address "${text}": wanted https://HOST:8443`);
  }
  return url.origin;
}

function usage(message: string): UserError {
  return new UserError(message, { exitCode: EXIT_CODE.usage });
}

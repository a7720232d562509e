import { Option } from "@commander-js/extra-typings";
import { PERSON_ROLES } from "../../shared/rest/roles.ts";
import { sessionShow } from "../../shared/rest/session.ts";
import { tokenLogin, tokenRevoke } from "../../shared/rest/tokens.ts";
import { EXIT_CODE } from "../../shared/terminal/exit_code.ts";
import { withExamples } from "../../shared/terminal/run_cli.ts";
import { sanitize } from "../../shared/terminal/sanitize.ts";
import { UserError } from "../../shared/terminal/user_error.ts";
import type { CliContext } from "../context.ts";
import { readPassword } from "../new_password.ts";
import { serverCommand } from "./server_command.ts";
import { ttlOption } from "./token.ts";

/** Digits that tell the tokens of one user's machines apart. */
const NAME_DIGITS = 6;

/** `vigocli login`: makes a token with name and password, and keeps it for this user. */
export function loginCommand(context: CliContext) {
  const command = serverCommand("login")
    .description("Log in to a server; keeps an API token for this user in ~/.config/vigo")
    .argument("<user>", "who you are to the server")
    .addOption(
      new Option("--role <role>", "what the token may do; your own role by default")
        .choices(PERSON_ROLES),
    )
    .option("--name <name>", "what the token is called; your name and some digits by default")
    .addOption(ttlOption())
    .option("--stdin", "read the password from standard input", false)
    .action(async (user, { role, name, ttl, stdin, json, tokenFile, ...flags }) => {
      if (tokenFile !== undefined) {
        throw new UserError("Cannot use --token-file with login, which makes a token", {
          exitCode: EXIT_CODE.usage,
        });
      }
      const { client, place } = await context.connectAsNobody(flags);
      using _client = client;
      const password = await readPassword(context, sanitize(user), stdin);
      const digits = crypto.randomUUID().replaceAll("-", "").slice(0, NAME_DIGITS);
      const { token, info } = await client.call(tokenLogin, {
        body: {
          user,
          password,
          name: name ?? `${user.toLowerCase()}-${digits}`,
          ttlMs: ttl,
          ...(role === undefined ? {} : { role }),
        },
      });
      await context.keepForUser("server", `${place.baseUrl}\n`);
      await context.keepForUser("ca.crt", place.ca === undefined ? undefined : `${place.ca}\n`);
      const path = await context.keepForUser("token", `${token}\n`);
      // The token itself lies in the file, and nowhere else.
      if (json) return context.output.json({ server: place.baseUrl, tokenFile: path, info });
      context.output.line(
        `Logged in to ${sanitize(place.baseUrl)} as ${sanitize(user)} (${info.role}) until ${
          new Date(info.expiresAtMs).toISOString()
        }`,
      );
    });
  return withExamples(command, [
    [
      "vigocli login ann --server https://vigo.example.com:8443 --ca ca.crt",
      "asks for the password",
    ],
    ["vigocli login ann --role viewer", "only to look"],
  ]);
}

/** `vigocli logout`: revokes the token that login has kept, and forgets it. */
export function logoutCommand(context: CliContext) {
  const command = serverCommand("logout")
    .description("Revoke the token that login has kept, and forget it")
    .action(async ({ json, tokenFile: _tokenFile, root: _root, ...flags }) => {
      using client = await context.connect(flags);
      const { principal } = await client.call(sessionShow);
      const [kind, name] = principal.split(":");
      if (kind !== "token" || name === undefined) {
        throw new UserError(`Nobody is logged in: this is ${sanitize(principal)}`);
      }
      await client.call(tokenRevoke, { params: { id: name } });
      const path = await context.keepForUser("token", undefined);
      if (json) return context.output.json({ token: name, tokenFile: path });
      context.output.line(`Logged out of ${sanitize(client.baseUrl)}`);
    });
  return withExamples(command, [["vigocli logout", "before you leave a machine"]]);
}

import { secretPath } from "../../shared/config/policy_bundle.ts";
import { Command } from "@commander-js/extra-typings";
import {
  MAX_GENERATED_LENGTH,
  MIN_GENERATED_LENGTH,
  secretDelete,
  type SecretInfoAnswer,
  secretList,
  secretReveal,
  secretRotate,
  secretSet,
  secretShow,
} from "../../shared/rest/secrets.ts";
import { wholeNumber } from "../../shared/terminal/argument_parser.ts";
import { EXIT_CODE } from "../../shared/terminal/exit_code.ts";
import { formatRelativeTime } from "../../shared/terminal/relative_time.ts";
import { withExamples } from "../../shared/terminal/run_cli.ts";
import { sanitize } from "../../shared/terminal/sanitize.ts";
import { renderTable } from "../../shared/terminal/table.ts";
import { UserError } from "../../shared/terminal/user_error.ts";
import { allPages } from "../client/all_pages.ts";
import type { CliContext } from "../context.ts";
import { valueFromInput } from "../secret_input.ts";
import { serverCommand } from "./server_command.ts";

/** Shorter values are not looked for in diffs and errors: they would be found everywhere. */
const MIN_MASKED_LENGTH = 4;

const generatedLength = wholeNumber(MIN_GENERATED_LENGTH, MAX_GENERATED_LENGTH);
const LENGTH_FLAG = ["--length <count>", "characters of a generated value (default 32)"] as const;
const ALPHABET_FLAG = [
  "--alphabet <characters>",
  "what a generated value is made of (default letters and digits)",
] as const;

interface RecipeFlags {
  readonly length?: number | undefined;
  readonly alphabet?: string | undefined;
}

/** `vigocli secrets`: values that stacks name and nobody sees. */
export function secretsCommand(context: CliContext): Command {
  const secrets = new Command("secrets").description(
    "Keep the secrets that stacks name as secret:PATH",
  );
  secrets.addCommand(setCommand(context));
  secrets.addCommand(getCommand(context));
  secrets.addCommand(listCommand(context));
  secrets.addCommand(deleteCommand(context));
  secrets.addCommand(rotateCommand(context));
  return withExamples(secrets, [
    ["vigocli secrets set db/password", "asks for the value, and shows nothing of it"],
    ["vigocli secrets list", "which secrets there are"],
  ]);
}

function setCommand(context: CliContext) {
  const command = serverCommand("set")
    .description("Keep a value; agents whose policy names it hear of it at once")
    .argument("<path>", 'where it is kept, such as "db/password"')
    .option("--stdin", "read the value from standard input", false)
    .option("--generate", "let the server make up the value", false)
    .option(LENGTH_FLAG[0], LENGTH_FLAG[1], generatedLength)
    .option(...ALPHABET_FLAG)
    .action(async (path, { stdin, generate, length, alphabet, json, ...flags }) => {
      if (stdin && generate) throw usage("Cannot use --stdin with --generate: choose one");
      if (!generate) refuseRecipe({ length, alphabet });
      assertPath(path);
      const value = generate ? undefined : await readValue(context, path, stdin);
      using client = await context.connect(flags);
      const answer = await client.call(secretSet, {
        body: value === undefined
          ? { path, generate: recipeOf({ length, alphabet }) }
          : { path, value },
      });
      if (json) return context.output.json(answer);
      context.output.line(`Secret ${sanitize(path)} is set, version ${answer.version}`);
      if (value !== undefined && value.length < MIN_MASKED_LENGTH) {
        context.output.note(
          `It has fewer than ${MIN_MASKED_LENGTH} characters: diffs and errors may show it`,
        );
      }
    });
  return withExamples(command, [
    ["vigocli secrets set db/password", "type it; it is not shown"],
    ["vigocli secrets set tls/key --stdin < key.pem", "from a file, as it is"],
    ["vigocli secrets set app/session --generate --length 64", "nobody needs to know it"],
  ]);
}

function getCommand(context: CliContext) {
  const command = serverCommand("get")
    .description("Show that a secret exists; with --reveal its value, which is audited")
    .argument("<path>", "as `list` shows it")
    .option("--reveal", "print the value on standard output", false)
    .action(async (path, { reveal, json, ...flags }) => {
      using client = await context.connect(flags);
      if (!reveal) {
        const info = await client.call(secretShow, { query: { path } });
        if (json) return context.output.json(info);
        return context.output.line(renderSecrets([info], context.now()));
      }
      const { value, ...info } = await client.call(secretReveal, { body: { path } });
      if (json) return context.output.json({ ...info, value });
      // Exactly one line end, so that a file gets back what was read from one.
      context.output.line(value.replace(/\n$/, ""));
    });
  return withExamples(command, [
    ["vigocli secrets get db/password", "its version, and when it was set"],
    ["vigocli secrets get db/password --reveal", "its value"],
  ]);
}

function listCommand(context: CliContext) {
  const command = serverCommand("list")
    .description("List secrets, without their values")
    .action(async ({ json, ...flags }) => {
      using client = await context.connect(flags);
      const problems: string[] = [];
      const secrets = await allPages((query) => client.call(secretList, { query }), (page) => {
        problems.push(...page.problems);
        return page.secrets;
      });
      if (json) return context.output.json({ secrets, problems, nextCursor: null });
      for (const problem of problems) context.output.note(sanitize(problem));
      if (secrets.length === 0) {
        return context.output.note("No secrets. Set one with: vigocli secrets set PATH");
      }
      context.output.line(renderSecrets(secrets, context.now()));
    });
  return withExamples(command, [["vigocli secrets list", "all paths, and how old the values are"]]);
}

function deleteCommand(context: CliContext) {
  const command = serverCommand("delete")
    .description("Delete a secret; resources that name it become unknown and stay as they are")
    .argument("<path>", "as `list` shows it")
    .option("--force", "also one that a live policy names", false)
    .action(async (path, { force, json, ...flags }) => {
      using client = await context.connect(flags);
      const answer = await client.call(secretDelete, { body: { path, force } });
      if (json) return context.output.json(answer);
      context.output.line(`Secret ${sanitize(answer.path)} is deleted`);
    });
  return withExamples(command, [
    ["vigocli secrets delete db/old", "nothing names it any more"],
    ["vigocli secrets delete db/old --force", "although a live policy does"],
  ]);
}

function rotateCommand(context: CliContext) {
  const command = serverCommand("rotate")
    .description("Make a new value for a secret that was generated, or for all of them")
    .argument("[path]", "as `list` shows it")
    .option("--all", "every secret that was generated; others keep their values", false)
    .option("--generate", "also if somebody chose the value: generated from now on", false)
    .option(LENGTH_FLAG[0], LENGTH_FLAG[1], generatedLength)
    .option(...ALPHABET_FLAG)
    .action(async (path, { all, generate, length, alphabet, json, ...flags }) => {
      if (all === (path !== undefined)) throw usage("Cannot rotate: name a secret, or say --all");
      if (all && generate) throw usage("Cannot use --generate with --all: name one secret");
      if (!generate) refuseRecipe({ length, alphabet });
      const body = path === undefined
        ? { all: true as const }
        : { path, ...(generate ? { generate: recipeOf({ length, alphabet }) } : {}) };
      using client = await context.connect(flags);
      const answer = await client.call(secretRotate, { body });
      if (json) return context.output.json(answer);
      for (const { path: rotated, version } of answer.rotated) {
        context.output.line(`Secret ${sanitize(rotated)} is rotated, version ${version}`);
      }
      if (answer.rotated.length === 0) context.output.note("No secret was generated");
      if (answer.kept.length > 0) {
        const kept = answer.kept.map((info) => sanitize(info.path)).join(", ");
        context.output.note(`Kept, since somebody chose the value: ${kept}`);
      }
    });
  return withExamples(command, [
    ["vigocli secrets rotate app/session", "a new value of the same form"],
    ["vigocli secrets rotate --all", "every generated secret"],
    ["vigocli secrets rotate db/password --generate", "from now on the server makes it up"],
  ]);
}

/** Before anybody types a value that could be kept nowhere. */
function assertPath(path: string): void {
  const { success, error } = secretPath.safeParse(path);
  if (success) return;
  throw usage(
    `Cannot set secret ${JSON.stringify(sanitize(path))}: ${
      error.issues[0]?.message ?? "this is no path of a secret"
    }`,
  );
}

/** The value comes by keyboard or pipe and never by argument, which every user of the machine could read. */
async function readValue(context: CliContext, path: string, isPiped: boolean): Promise<string> {
  const value = isPiped ? valueFromInput(await context.readInput()) : await askTwice(context, path);
  if (value === "") throw usage(`Cannot set secret "${path}": the value is empty`);
  return value;
}

async function askTwice(context: CliContext, path: string): Promise<string> {
  const value = await context.askHidden(`Value of ${sanitize(path)}: `);
  const again = value ? await context.askHidden("Again: ") : value;
  if (value === undefined || again === undefined) {
    throw new UserError("Nothing was set", { exitCode: EXIT_CODE.interrupted });
  }
  if (value !== again) throw usage("Nothing was set: the two values differ. Try again");
  return value;
}

function refuseRecipe({ length, alphabet }: RecipeFlags): void {
  if (length === undefined && alphabet === undefined) return;
  throw usage("--length and --alphabet are for generated values: add --generate");
}

function recipeOf({ length, alphabet }: RecipeFlags): { length?: number; alphabet?: string } {
  return {
    ...(length === undefined ? {} : { length }),
    ...(alphabet === undefined ? {} : { alphabet }),
  };
}

function usage(message: string): UserError {
  return new UserError(message, { exitCode: EXIT_CODE.usage });
}

function renderSecrets(secrets: readonly SecretInfoAnswer[], nowMs: number): string {
  return renderTable(
    [{ header: "PATH" }, { header: "VERSION", align: "right" }, { header: "SET" }, {
      header: "VALUE",
    }],
    secrets.map(({ path, version, updatedAtMs, recipe }) => [
      path,
      String(version),
      formatRelativeTime(updatedAtMs, nowMs),
      recipe === null ? "chosen" : `generated, ${recipe.length} characters`,
    ]),
  ).trimEnd();
}

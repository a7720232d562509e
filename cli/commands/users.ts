import { Argument, Command, Option } from "@commander-js/extra-typings";
import { PERSON_ROLES } from "../../shared/rest/roles.ts";
import {
  type User,
  userAdd,
  userDisable,
  userEnable,
  userList,
  userPassword,
  userRemove,
  userRole,
  userShow,
} from "../../shared/rest/users.ts";
import { counted } from "../../shared/terminal/counted.ts";
import { formatRelativeTime } from "../../shared/terminal/relative_time.ts";
import { withExamples } from "../../shared/terminal/run_cli.ts";
import { sanitize } from "../../shared/terminal/sanitize.ts";
import { renderTable } from "../../shared/terminal/table.ts";
import { allPages } from "../client/all_pages.ts";
import type { CliContext } from "../context.ts";
import { readNewPassword } from "../new_password.ts";
import { serverCommand } from "./server_command.ts";

const STDIN_FLAG = ["--stdin", "read the password from standard input", false] as const;

/** `vigocli users`: who may log in, and as what. */
export function usersCommand(context: CliContext): Command {
  const users = new Command("users").description("Who may log in, and as what");
  users.addCommand(listCommand(context), { isDefault: true });
  users.addCommand(showCommand(context));
  users.addCommand(addCommand(context));
  users.addCommand(roleCommand(context));
  users.addCommand(passwordCommand(context));
  users.addCommand(disableCommand(context));
  users.addCommand(enableCommand(context));
  users.addCommand(removeCommand(context));
  return withExamples(users, [
    ["vigocli users add ann --role admin", "the first person; asks for the password"],
    ["vigocli users", "who may log in"],
  ]);
}

function listCommand(context: CliContext) {
  const command = serverCommand("list")
    .description("List users with their roles")
    .action(async ({ json, ...flags }) => {
      using client = await context.connect(flags);
      const users = await allPages(
        (query) => client.call(userList, { query }),
        (page) => page.users,
      );
      if (json) return context.output.json({ users, nextCursor: null });
      if (users.length === 0) {
        return context.output.note("No users. Add one with: vigocli users add NAME --role admin");
      }
      context.output.line(renderUsers(users, context.now()));
    });
  return withExamples(command, [["vigocli users list", "everybody, by name"]]);
}

function showCommand(context: CliContext) {
  const command = serverCommand("show")
    .description("Show a user, with what is used in the user's name")
    .argument("<name>", "the user")
    .action(async (name, { json, ...flags }) => {
      using client = await context.connect(flags);
      const user = await client.call(userShow, { params: { name } });
      if (json) return context.output.json(user);
      const time = (ms: number | null) =>
        ms === null ? "never" : formatRelativeTime(ms, context.now());
      context.output.line(
        [
          `Name:            ${sanitize(user.name)}`,
          `Role:            ${user.role}`,
          `May log in:      ${user.enabled ? "yes" : "no"}`,
          ...user.lockedUntilMs === null
            ? []
            : [`Put off until:   ${new Date(user.lockedUntilMs).toISOString()} (wrong passwords)`],
          `Last login:      ${time(user.lastLoginMs)}`,
          `Password set:    ${time(user.passwordAtMs)}`,
          `Added:           ${time(user.createdAtMs)} by ${sanitize(user.createdBy)}`,
          `In use:          ${counted(user.sessions, "session")}, ${counted(user.tokens, "token")}`,
        ].join("\n"),
      );
    });
  return withExamples(command, [[
    "vigocli users show ann",
    "whether wrong passwords keep ann out",
  ]]);
}

function addCommand(context: CliContext) {
  const command = serverCommand("add")
    .description("Add a user; asks for the password")
    .argument("<name>", "lower-case letters, digits, dot, dash and underscore")
    .addOption(
      new Option("--role <role>", "what the user may do").choices(PERSON_ROLES).default("viewer"),
    )
    .option(...STDIN_FLAG)
    .action(async (name, { role, stdin, json, ...flags }) => {
      const password = await readNewPassword(context, sanitize(name), stdin);
      using client = await context.connect(flags);
      const user = await client.call(userAdd, { body: { name, role, password } });
      if (json) return context.output.json(user);
      context.output.line(`User ${sanitize(user.name)} is added as ${user.role}`);
    });
  return withExamples(command, [
    ["vigocli users add ann --role admin", "may do everything"],
    ["vigocli users add bob --role operator --stdin < password.txt", "runs the fleet"],
    ["vigocli users add eve", "sees the fleet"],
  ]);
}

function roleCommand(context: CliContext) {
  const command = serverCommand("role")
    .description("Give a user another role, which counts at once")
    .argument("<name>", "the user")
    .addArgument(new Argument("<role>", "what the user may do").choices(PERSON_ROLES))
    .action(async (name, role, { json, ...flags }) => {
      using client = await context.connect(flags);
      const user = await client.call(userRole, { params: { name }, body: { role } });
      if (json) return context.output.json(user);
      context.output.line(`User ${sanitize(user.name)} is ${user.role} now`);
    });
  return withExamples(command, [["vigocli users role bob viewer", "bob changes nothing any more"]]);
}

function passwordCommand(context: CliContext) {
  const command = serverCommand("password")
    .description("Give a user another password; the user's sessions end")
    .argument("<name>", "the user")
    .option(...STDIN_FLAG)
    .action(async (name, { stdin, json, ...flags }) => {
      const password = await readNewPassword(context, sanitize(name), stdin);
      using client = await context.connect(flags);
      const user = await client.call(userPassword, { params: { name }, body: { password } });
      if (json) return context.output.json(user);
      context.output.line(`User ${sanitize(user.name)} has another password`);
      context.output.note("API tokens stay valid: vigocli token list");
    });
  return withExamples(command, [["vigocli users password ann", "ann forgot hers"]]);
}

function disableCommand(context: CliContext) {
  const command = serverCommand("disable")
    .description("Let a user no longer log in; sessions end, and tokens do not work meanwhile")
    .argument("<name>", "the user")
    .action(async (name, { json, ...flags }) => {
      using client = await context.connect(flags);
      const user = await client.call(userDisable, { params: { name }, body: {} });
      if (json) return context.output.json(user);
      context.output.line(`User ${sanitize(user.name)} may no longer log in`);
    });
  return withExamples(command, [["vigocli users disable bob", "at once, until enabled again"]]);
}

function enableCommand(context: CliContext) {
  const command = serverCommand("enable")
    .description("Let a user log in again, also after too many wrong passwords")
    .argument("<name>", "the user")
    .action(async (name, { json, ...flags }) => {
      using client = await context.connect(flags);
      const user = await client.call(userEnable, { params: { name }, body: {} });
      if (json) return context.output.json(user);
      context.output.line(`User ${sanitize(user.name)} may log in`);
    });
  return withExamples(command, [["vigocli users enable bob", "with the same password as before"]]);
}

function removeCommand(context: CliContext) {
  const command = serverCommand("remove")
    .description("Remove a user; sessions end, and tokens are revoked")
    .argument("<name>", "the user")
    .action(async (name, { json, ...flags }) => {
      using client = await context.connect(flags);
      const answer = await client.call(userRemove, { params: { name } });
      if (json) return context.output.json(answer);
      context.output.line(
        `User ${sanitize(answer.name)} is removed, and ${
          counted(answer.tokensRevoked, "token")
        } revoked`,
      );
    });
  return withExamples(command, [["vigocli users remove bob", "bob has left"]]);
}

function renderUsers(users: readonly User[], nowMs: number): string {
  return renderTable(
    [
      { header: "NAME" },
      { header: "ROLE" },
      { header: "MAY LOG IN" },
      { header: "LAST LOGIN" },
      { header: "ADDED BY" },
    ],
    users.map((user) => [
      user.name,
      user.role,
      user.enabled ? "yes" : "no",
      user.lastLoginMs === null ? "never" : formatRelativeTime(user.lastLoginMs, nowMs),
      user.createdBy,
    ]),
  ).trimEnd();
}

import { namedTaskList } from "../../../shared/rest/named_tasks.ts";
import { taskRun } from "../../../shared/rest/tasks.ts";
import { suggestName } from "../../../shared/naming/nearest_name.ts";
import { MAX_NICE, MAX_TIMEOUT_SECS } from "../../../shared/tasks/task_limits.ts";
import { asArgument, wholeNumber } from "../../../shared/terminal/argument_parser.ts";
import { EXIT_CODE } from "../../../shared/terminal/exit_code.ts";
import { withExamples } from "../../../shared/terminal/run_cli.ts";
import { sanitize } from "../../../shared/terminal/sanitize.ts";
import { UserError } from "../../../shared/terminal/user_error.ts";
import type { z } from "zod";
import { allPages } from "../../client/all_pages.ts";
import type { ApiClient } from "../../client/api_client.ts";
import type { CliContext } from "../../context.ts";
import { renderPlan } from "../../output/task.ts";
import { OPERATOR_FLAG } from "../operator_flag.ts";
import { overruleGuardrail } from "../overrule_guardrail.ts";
import { serverCommand } from "../server_command.ts";
import { seeThrough } from "./see_through.ts";

type Request = z.input<typeof taskRun.body>;
type Params = Readonly<Record<string, string>>;

/** What a named task may be called; every other text is a command. */
const TASK_NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$/;
/** Longest note of who asks that the server takes. */
const MAX_OPERATOR_LENGTH = 128;

/** `vigocli task run` */
export function runCommand(context: CliContext) {
  const command = serverCommand("run")
    .description("Run a command or a named task on envoys, and say what came of it on each")
    .argument("<command>", "what sh -c gets, or the name of a task of the live stacks")
    .requiredOption("--target <spec>", "which envoys: hostnames, globs, UUIDs, traits, tags")
    .option(
      "--timeout <seconds>",
      "how long the command may take (default: 60, or what the named task says)",
      wholeNumber(1, MAX_TIMEOUT_SECS),
    )
    .option(...OPERATOR_FLAG)
    .option("--batch-size <amount>", "targets at a time: 5, 25%, or steps such as 1,5,25%")
    .option("--max-failures <amount>", "failures that are too many when exceeded: 2 or 10%")
    .option("--health-check-url <url>", "what must answer 2xx between two batches")
    .option(
      "--nice <level>",
      `CPU and IO priority: 0 is normal, ${MAX_NICE} the lowest (default: 0)`,
      wholeNumber(0, MAX_NICE),
    )
    .option("--dry-run", "show who would get it when, and send nothing", false)
    .option("--force", "overrule the server's guardrail; those of the agents stay", false)
    .option(
      "--param <key=value>",
      "a parameter of the named task; repeatable",
      (text, params: Params | undefined) => addParameter(text, params),
    )
    .action(async (text, { target, dryRun, force, param = {}, json, ...options }) => {
      const { server, ca, tokenFile, root, ...settings } = options;
      using client = await context.connect({
        ...(server === undefined ? {} : { server }),
        ...(ca === undefined ? {} : { ca }),
        ...(tokenFile === undefined ? {} : { tokenFile }),
        ...(root === undefined ? {} : { root }),
      });
      const { timeout, operator, batchSize, maxFailures, healthCheckUrl, nice } = settings;
      const request: Request = {
        ...await whatToRun(client, text, param, context),
        target,
        operator: operator ?? context.operator.slice(0, MAX_OPERATOR_LENGTH),
        dryRun,
        ...(timeout === undefined ? {} : { timeoutSecs: timeout }),
        ...(batchSize === undefined ? {} : { batchSize }),
        ...(maxFailures === undefined ? {} : { maxFailures }),
        ...(healthCheckUrl === undefined ? {} : { healthCheckUrl }),
        ...(nice === undefined ? {} : { nice }),
      };
      // Not cut short by an interrupt: then nobody would know whether there is a task, and which.
      const { task, plan } = await overruleGuardrail(
        (overrule) => client.call(taskRun, { body: { ...request, force: force || overrule } }),
        context,
      );
      if (task === null) {
        if (json) return context.output.json({ task, plan });
        return context.output.line(renderPlan(plan));
      }
      if (!json) context.output.line(`Task ${sanitize(task.id)} dispatched`);
      await seeThrough(client, task.id, context, { json });
    });
  return withExamples(command, [
    ["vigocli task run uptime --target '*.web.*'", "a command on all web servers"],
    [
      "vigocli task run restart-app --target '*.web.*' --param env=staging",
      "a named task with a parameter",
    ],
    [
      "vigocli task run 'systemctl restart nginx' --target '*.web.*' --batch-size 25% --max-failures 2 --health-check-url http://lb.example.com/health",
      "a quarter at a time, as long as the site is well",
    ],
    [
      "vigocli task run uptime --target 'os.distro=debian' --batch-size 2 --dry-run",
      "see the batches first",
    ],
  ]);
}

/** @throws {SyntaxError} as commander's usage error. */
function addParameter(text: string, params: Params = {}): Params {
  return asArgument(() => {
    const [name = ""] = text.split("=", 1);
    if (name === "" || name === text) throw new SyntaxError("Write it as key=value");
    if (Object.hasOwn(params, name)) throw new SyntaxError(`${name} is given twice`);
    return { ...params, [name]: text.slice(name.length + 1) };
  })(text);
}

/** A text that is the name of a live task means that task; anything else is a command. */
async function whatToRun(
  client: ApiClient,
  text: string,
  params: Params,
  { output }: CliContext,
): Promise<Pick<Request, "command" | "task" | "params">> {
  const isNamed = TASK_NAME.test(text);
  const tasks = isNamed
    ? await allPages((query) => client.call(namedTaskList, { query }), (page) => page.tasks)
    : [];
  if (tasks.some(({ name }) => name === text)) return { task: text, params };
  const names = tasks.map(({ name }) => name);
  if (Object.keys(params).length === 0) {
    const hint = suggestName(text, names);
    if (hint) output.note(`Running it as a command: no task is called ${text}${hint}`);
    return { command: text };
  }
  throw new UserError(
    `Cannot take --param: no task of the live version is called ${JSON.stringify(sanitize(text))}${
      suggestName(text, names) || ". See them with: vigocli task list --named"
    }`,
    { exitCode: EXIT_CODE.usage },
  );
}

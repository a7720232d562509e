import { suggestName } from "../../shared/naming/nearest_name.ts";
import { MAX_COMMAND_BYTES } from "../../shared/tasks/task_limits.ts";
import { judgeParameter, type TaskParameter } from "../../shared/tasks/task_parameter.ts";
import { answered, refused, type ServiceAnswer } from "../service/service_answer.ts";
import type { NamedTask } from "../stacks/stack_tree.ts";
import type { ResolvedTask } from "./named_task.ts";

/**
 * The command of a named task with the values of its parameters, each as one word of the shell. What is missing, unknown or not
 * as its parameter wants it is refused, all of it at once.
 *
 * @param tasks of the live version; `undefined` where nothing is published.
 */
export function fillNamedTask(
  tasks: ReadonlyMap<string, NamedTask> | undefined,
  name: string,
  given: Readonly<Record<string, string>>,
): ServiceAnswer<ResolvedTask> {
  const task = tasks?.get(name);
  if (!task) {
    const remedy = suggestName(name, tasks?.keys() ?? []) ||
      ". See them with: vigocli task list --named";
    return refused(404, `No task of the live version is called ${JSON.stringify(name)}${remedy}`);
  }
  const values = new Map<string, string>();
  const problems: string[] = [];
  for (const parameter of task.params) {
    const value = Object.hasOwn(given, parameter.name) ? given[parameter.name] : undefined;
    const problem = value === undefined ? missing(parameter) : malformed(parameter, value);
    if (problem === undefined) values.set(parameter.name, value ?? parameter.default ?? "");
    else problems.push(problem);
  }
  const names = task.params.map((parameter) => parameter.name);
  for (const stranger of Object.keys(given)) {
    if (names.includes(stranger)) continue;
    const takes = names.length === 0 ? ": it takes none" : `: it takes ${names.join(", ")}`;
    problems.push(
      `unknown parameter ${JSON.stringify(stranger)}${suggestName(stranger, names) || takes}`,
    );
  }
  if (problems.length > 0) {
    return refused(400, `Cannot run task ${JSON.stringify(name)}: ${problems.join("; ")}`);
  }
  const command = task.command.fill(values);
  const sizeBytes = new TextEncoder().encode(command).length;
  if (sizeBytes > MAX_COMMAND_BYTES) {
    return refused(
      400,
      `Cannot run task ${
        JSON.stringify(name)
      }: with these parameters its command has ${sizeBytes} bytes, at most ${MAX_COMMAND_BYTES} may be`,
    );
  }
  const { timeoutSecs, nice, batchSize, maxFailures, healthCheckUrl } = task;
  return answered({
    command,
    ...(timeoutSecs === undefined ? {} : { timeoutSecs }),
    ...(nice === undefined ? {} : { nice }),
    ...(batchSize === undefined ? {} : { batchSize }),
    ...(maxFailures === undefined ? {} : { maxFailures }),
    ...(healthCheckUrl === undefined ? {} : { healthCheckUrl }),
  });
}

function missing({ name, required, description }: TaskParameter): string | undefined {
  if (!required) return undefined;
  return `parameter "${name}" is missing${description === "" ? "" : ` (${description})`}`;
}

function malformed(parameter: TaskParameter, value: string): string | undefined {
  const problem = judgeParameter(parameter, value);
  return problem && `parameter "${parameter.name}" cannot be ${quoteShort(value)}: ${problem}`;
}

function quoteShort(value: string): string {
  return JSON.stringify(value.length > 80 ? `${value.slice(0, 80)}…` : value);
}

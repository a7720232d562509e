import type { NamedTask } from "../../shared/rest/named_tasks.ts";
import { renderTable } from "../../shared/terminal/table.ts";

/** Named tasks as a table: a parameter that must be given is `env=…`, one that need not be is in brackets, with its default. */
export function renderNamedTasks(tasks: readonly NamedTask[], width?: number): string {
  return renderTable(
    [{ header: "NAME" }, { header: "PARAMETERS" }, { header: "DESCRIPTION" }, { header: "FILE" }],
    tasks.map(({ name, params, description, file, line }) => [
      name,
      params.map(describeParameter).join(" "),
      description,
      `${file}:${line}`,
    ]),
    width === undefined ? {} : { width },
  ).trimEnd();
}

function describeParameter(
  { name, type, pattern, required, default: value }: NamedTask["params"][number],
): string {
  const kind = pattern ?? (type === "string" ? "…" : type);
  return required ? `${name}=${kind}` : `[${name}=${value ?? kind}]`;
}

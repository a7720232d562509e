import type { CliContext } from "../context.ts";

/** Who has a task or a workflow run; whoever calls may say otherwise. */
export const OPERATOR_FLAG = [
  "--operator <name>",
  "who asks, for the audit log (default: the current user)",
] as const;

/** Who changes the configuration, as a note: the server knows by itself whose token it was. */
export function operatorNote({ operator }: Pick<CliContext, "operator">) {
  return [
    "--operator <name>",
    "a note of who did it, beside the authenticated name",
    operator,
  ] as const;
}

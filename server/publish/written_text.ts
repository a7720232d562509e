import type { StackValue } from "../stacks/stack_value.ts";

/** A value as somebody wrote it, in one piece of text: a template as its text, a secret as its name. */
export function writtenText(value: StackValue): string {
  switch (value.kind) {
    case "scalar":
      return String(value.constant);
    case "template":
      return value.template.text;
    case "secret":
      return `secret:${value.path}`;
    case "list":
      return `[${value.items.map(writtenText).join(", ")}]`;
    case "map":
      return `{${
        [...value.entries].map(([key, entry]) => `${key}: ${writtenText(entry)}`).join(", ")
      }}`;
  }
}

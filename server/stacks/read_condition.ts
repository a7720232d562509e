import { Condition, ConditionError } from "../../shared/conditions/condition.ts";
import type { StackReaders } from "./read_variables.ts";
import type { WrittenCondition } from "./stack_tree.ts";
import { describeNode, type VgoEntry } from "./vgo_node.ts";

/** Reads a `when:`; `item` is a name in it only beside a `foreach`. Mistakes are reported, and then there is none. */
export function readCondition(
  entry: VgoEntry | undefined,
  { problems, values }: StackReaders,
): WrittenCondition | undefined {
  if (!entry || entry.value.kind === "unreadable") return undefined;
  const { value } = entry;
  if (value.kind !== "scalar" || !["string", "boolean"].includes(typeof value.value)) {
    problems.add(value.place, `expected a condition for "when", found ${describeNode(value)}`);
    return undefined;
  }
  const text = String(value.value);
  if (text.includes("{{") || text.includes("{%")) {
    problems.add(
      value.place,
      'a condition names things as they are: write vars.port, not "{{ vars.port }}"',
    );
    return undefined;
  }
  try {
    const condition = Condition.parse(text);
    const item = condition.names.find(({ path }) => path[0] === "item");
    if (item && !values.hasItem) {
      problems.add(
        value.placeAt(item.offset),
        'undefined name "item": it exists where there is "foreach"',
      );
      return undefined;
    }
    return { condition, place: value.place, placeAt: value.placeAt };
  } catch (error) {
    if (!(error instanceof ConditionError)) throw error;
    problems.add(value.placeAt(error.offset), error.message);
    return undefined;
  }
}

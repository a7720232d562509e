import { Condition, ConditionError } from "./condition.ts";
import type { ConditionFacts, ConditionScope, ConditionVerdict } from "./condition_facts.ts";
import { Evaluation } from "./evaluation.ts";

/**
 * Evaluates a condition in three-valued logic: `false && x` is false and `true || x` is true whatever x is, an unknown or a
 * mistake included. Numbers of scope and facts are doubles, as CEL has it for JSON; where a double meets an integer both
 * count as doubles. The cost is bounded: what does too much work is wrong.
 *
 * What `scope` throws on being read comes out as it is; nothing else is thrown.
 */
export function evaluateCondition(
  condition: Condition | string,
  scope: ConditionScope,
  facts: ConditionFacts,
): ConditionVerdict {
  try {
    const parsed = typeof condition === "string" ? Condition.parse(condition) : condition;
    return new Evaluation(parsed, scope, facts).run();
  } catch (error) {
    if (!(error instanceof ConditionError)) throw error;
    return { state: "wrong", message: error.message, offset: error.offset };
  }
}

import type { Json } from "../canonical/canonical_json.ts";
import { Condition, ConditionError } from "./condition.ts";
import { Evaluation } from "./evaluation.ts";

/** What a condition sees beside the machine; a bundle's conditions bring theirs along. */
export interface ConditionScope {
  /** Reading a variable may throw: an interruption of the caller's own, which ends the evaluation. */
  readonly vars: object;
  /** The environment of the host; a host without one has the empty text. */
  readonly env?: string | undefined;
  /** What `foreach` stands at; absent where there is none. */
  readonly item?: Json | undefined;
}

/** What is known of the machine. */
export interface ConditionFacts {
  /** Traits by collector, or undefined while nothing is known of the machine. */
  readonly traits: object | undefined;
  /**
   * What it means that a trait is not in `traits`. On the machine it is `absent`: its collector has run, and reading the
   * trait is a mistake of the condition. Elsewhere it is `undecided`: the machine itself may know.
   */
  readonly missingTraits: "absent" | "undecided";
  /** Collectors that failed: of what they would have told nothing is known. */
  readonly failedCollectors?: readonly string[];
  /** Whether something that notifies the resource has changed in this run; undefined before the run. */
  readonly changed: boolean | undefined;
  /** Whether some process listens on a TCP port of the machine; undefined where that cannot be known. */
  portListening(port: number): boolean | undefined;
}

export type ConditionVerdict =
  | { readonly state: "true" | "false" }
  /** It depends on what `facts` do not know. */
  | { readonly state: "undecided" }
  /** It cannot be evaluated; `offset` is where in its text. */
  | { readonly state: "wrong"; readonly message: string; readonly offset: number };

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

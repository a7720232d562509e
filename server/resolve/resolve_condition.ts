import type { ConditionName } from "../../shared/conditions/condition.ts";
import { MAX_CONDITION_LENGTH } from "../../shared/conditions/condition.ts";
import { evaluateCondition } from "../../shared/conditions/evaluate_condition.ts";
import type { BundleCondition, BundleResource } from "../../shared/config/policy_bundle.ts";
import type { TemplateScope } from "../../shared/templates/template.ts";
import type { Place, ProblemList } from "../stacks/problem_list.ts";
import type { WrittenCondition } from "../stacks/stack_tree.ts";
import { collectScope } from "./defer_template.ts";
import { DeferredRead } from "./deferred_read.ts";
import { TraitsUnknown, UNKNOWN_TRAITS } from "./trait_reads.ts";
import { VariableError } from "./variable_scope.ts";

/** A condition that the server does not decide. */
export interface OpenCondition {
  readonly bundled: BundleCondition;
  readonly names: readonly ConditionName[];
  readonly place: Place;
}

export type ResolvedCondition =
  | { readonly state: "true" | "false" | "wrong" }
  | { readonly state: "open"; readonly condition: OpenCondition };

/** The literal `changed`. */
const CHANGED = "changed";

/** Decides what can be decided without the machine. Mistakes go to `problems`. */
export function resolveCondition(
  { condition, place, placeAt }: WrittenCondition,
  scope: TemplateScope,
  problems: ProblemList,
): ResolvedCondition {
  try {
    const verdict = evaluateCondition(condition, scope, {
      traits: scope.traits === UNKNOWN_TRAITS ? undefined : scope.traits,
      missingTraits: "undecided",
      changed: undefined,
      portListening: () => undefined,
    });
    if (verdict.state === "true" || verdict.state === "false") return verdict;
    if (verdict.state === "wrong") {
      problems.add(placeAt(verdict.offset), verdict.message);
      return verdict;
    }
    const { scope: named, secrets, templates } = collectScope(condition.names, scope);
    const [hidden] = [...secrets.keys(), ...templates.keys()];
    if (hidden === undefined) {
      const bundled = { expression: condition.text, scope: named };
      return { state: "open", condition: { bundled, names: condition.names, place } };
    }
    const name = hidden.slice(1).replaceAll("/", ".");
    problems.add(place, `condition names ${JSON.stringify(name)}, which only the machine knows`);
    return { state: "wrong" };
  } catch (error) {
    if (error instanceof TraitsUnknown) {
      return { state: "open", condition: undecided({ condition, place, placeAt }) };
    }
    if (error instanceof DeferredRead) error.report(problems, place);
    else if (error instanceof VariableError) problems.add(error.place, error.message);
    else throw error;
    return { state: "wrong" };
  }
}

/** A condition of which nothing is known yet. */
export function undecided({ condition, place }: WrittenCondition): OpenCondition {
  const bundled = { expression: condition.text, scope: { vars: {} } };
  return { bundled, names: condition.names, place };
}

/** Whether a condition waits for a change. */
export function namesChanged({ names }: OpenCondition): boolean {
  return names.some(({ path }) => path[0] === CHANGED);
}

/** `when: changed`, where nobody has written it. */
export function changedCondition(place: Place): OpenCondition {
  const names = [{ path: [CHANGED], offset: 0, isAskedFor: false }];
  return { bundled: { expression: CHANGED, scope: { vars: {} } }, names, place };
}

/** Several open conditions as one, those of the crate first. What is too long together goes to `problems`. */
export function conjoin(
  conditions: readonly OpenCondition[],
  problems: ProblemList,
): BundleResource["when"] {
  const [first, ...rest] = conditions;
  if (!first) return undefined;
  const all = rest.reduce<BundleCondition>(
    (joined, { bundled }) => joinTwo(joined, bundled, first),
    first.bundled,
  );
  if (all.expression.trim() === CHANGED) return CHANGED;
  if (all.expression.length > MAX_CONDITION_LENGTH) {
    problems.add(
      first.place,
      `conditions of configcrate and resource have ${all.expression.length} characters together: the limit is ${MAX_CONDITION_LENGTH}`,
    );
  }
  return all;
}

/** What the item of the crate is called beside that of the resource. */
const OUTER_ITEM = "crate_item";

function joinTwo(
  outer: BundleCondition,
  inner: BundleCondition,
  { names }: OpenCondition,
): BundleCondition {
  if (outer.expression.trim() === inner.expression.trim() && !names.some(isItem)) return inner;
  const { item, ...scope } = outer.scope;
  const hasTwoItems = item !== undefined && inner.scope.item !== undefined;
  const expression = hasTwoItems ? renameItem(outer.expression, names) : outer.expression;
  const innerItem = inner.scope.item ?? item;
  return {
    // A comment at the end of one must not hide what follows.
    expression: [expression, inner.expression].map((text) =>
      text.includes("//") ? `(${text}\n)` : `(${text})`
    ).join(" && "),
    scope: {
      ...scope,
      ...inner.scope,
      vars: {
        ...scope.vars,
        ...inner.scope.vars,
        ...(hasTwoItems ? { [OUTER_ITEM]: item } : {}),
      },
      ...(innerItem === undefined ? {} : { item: innerItem }),
    },
  };
}

function renameItem(expression: string, names: readonly ConditionName[]): string {
  let renamed = expression;
  for (const { offset } of names.filter(isItem).reverse()) {
    renamed = `${renamed.slice(0, offset)}vars.${OUTER_ITEM}${
      renamed.slice(offset + "item".length)
    }`;
  }
  return renamed;
}

function isItem({ path }: ConditionName): boolean {
  return path[0] === "item";
}

import type { TemplateScope } from "../../shared/templates/template.ts";
import { ProblemList } from "../stacks/problem_list.ts";
import type {
  Configcrate,
  Hostcrate,
  ResourceDeclaration,
  StackTree,
} from "../stacks/stack_tree.ts";
import type { WrittenCondition } from "../stacks/stack_tree.ts";
import type { StackValue } from "../stacks/stack_value.ts";
import { type ForeachItem, foreachItems } from "./foreach_items.ts";
import { idOfSkipped, renderResource } from "./render_resource.ts";
import type { RenderedResource, SkippedResources } from "./rendered_resource.ts";
import { type OpenCondition, resolveCondition } from "./resolve_condition.ts";
import { createScope, withItem } from "./variable_scope.ts";
import { weighJson } from "./weigh_json.ts";

/** What the crates of a host declare for it. */
export interface DeclaredResources {
  readonly resources: readonly RenderedResource[];
  readonly skipped: SkippedResources;
  /** False if something is missing since it is wrong, which has been reported. */
  readonly isWhole: boolean;
}

/**
 * Goes through crates and resources, once for each item of their `foreach`, and renders those whose conditions hold.
 *
 * @param variableReads is given the names of the host's variables whose values are looked at.
 */
export function declareResources(
  tree: StackTree,
  hostcrate: Hostcrate,
  traits: object,
  problems: ProblemList,
  variableReads: Set<string>,
): DeclaredResources {
  const declarer = new Declarer(tree, hostcrate, traits, variableReads);
  for (const crate of hostcrate.crates) declarer.declareCrate(crate, problems);
  return declarer;
}

/**
 * Most that the resources of one host hold together, in characters: with every character at its longest in UTF-8 the bundle
 * still travels in one message. A loop over what a machine reports must not fill the server's memory.
 */
export const MAX_HOST_WEIGHT = 16 * 1024 * 1024;

/** A list that nothing is expected to fill. */
const NO_CONDITIONS: readonly OpenCondition[] = [];

class Declarer implements DeclaredResources {
  readonly resources: RenderedResource[] = [];
  readonly skipped = { ids: new Set<string>(), types: new Set<string>() };
  isWhole = true;
  #weight = 0;

  constructor(
    private readonly tree: StackTree,
    private readonly hostcrate: Hostcrate,
    private readonly traits: object,
    private readonly reads: Set<string>,
  ) {}

  declareCrate(crate: Configcrate, problems: ProblemList): void {
    const { vars: strong, environment } = this.hostcrate;
    const scopeOf = (item: unknown) =>
      createScope({
        weak: crate.vars,
        strong,
        traits: this.traits,
        environment,
        item,
        reads: this.reads,
      });
    const outside = scopeOf(undefined);
    this.#forEach(crate.foreach, outside, problems, (item, itemProblems) => {
      const scope = item === undefined ? outside : scopeOf(item);
      const conditions = this.#decide(crate.when, scope, itemProblems);
      if (conditions === "wrong") return;
      for (const declaration of crate.resources) {
        if (conditions === "false") this.#skipAll(declaration, scope);
        else this.#declare(declaration, crate, conditions, scope, itemProblems);
      }
    });
  }

  #declare(
    declaration: ResourceDeclaration,
    crate: Configcrate,
    outer: readonly OpenCondition[],
    outside: TemplateScope,
    problems: ProblemList,
  ): void {
    this.#forEach(declaration.foreach, outside, problems, (item, itemProblems) => {
      if (this.#weight > MAX_HOST_WEIGHT) return;
      const scope = withItem(outside, item);
      const own = this.#decide(declaration.when, scope, itemProblems);
      if (own === "wrong") return;
      if (own === "false") return this.#skip(declaration, scope);
      const defaults = crate.defaults.get(declaration.type) ?? new Map();
      const context = { tree: this.tree, scope, defaults, problems: itemProblems };
      const rendered = renderResource(declaration, [...outer, ...own], context);
      if (!rendered) {
        this.isWhole = false;
        return;
      }
      this.resources.push(rendered);
      const { params, deferred, when } = rendered;
      this.#weight += weighJson(params) + weighJson(deferred) + weighJson(when);
      if (this.#weight <= MAX_HOST_WEIGHT) return;
      this.isWhole = false;
      problems.add(
        declaration.place,
        `the resources of one host hold more than ${MAX_HOST_WEIGHT} characters from here on: write less of what machines report into each of them`,
      );
    });
  }

  /** The open condition, if there is one; "false" if it does not hold. */
  #decide(
    when: WrittenCondition | undefined,
    scope: TemplateScope,
    problems: ProblemList,
  ): readonly OpenCondition[] | "false" | "wrong" {
    if (!when) return NO_CONDITIONS;
    const resolved = resolveCondition(when, scope, problems);
    if (resolved.state === "open") return [resolved.condition];
    if (resolved.state === "true") return NO_CONDITIONS;
    if (resolved.state === "wrong") this.isWhole = false;
    return resolved.state;
  }

  #skipAll(declaration: ResourceDeclaration, outside: TemplateScope): void {
    const items = foreachItems(declaration.foreach, outside, new ProblemList());
    if (!items) this.skipped.types.add(declaration.type);
    for (const { value } of items ?? []) this.#skip(declaration, withItem(outside, value));
  }

  #skip(declaration: ResourceDeclaration, scope: TemplateScope): void {
    const id = idOfSkipped(declaration, { scope });
    if (id === undefined) this.skipped.types.add(declaration.type);
    else this.skipped.ids.add(id);
  }

  /** Says of a mistake for which items it is one, unless it is one for all. */
  #forEach(
    foreach: StackValue | undefined,
    scope: TemplateScope,
    problems: ProblemList,
    turn: (item: unknown, problems: ProblemList) => void,
  ): void {
    const items = foreachItems(foreach, scope, problems);
    if (!items) {
      this.isWhole = false;
      return;
    }
    if (!foreach) return turn(undefined, problems);
    mergeItemProblems(
      items.map((item) => {
        const found = new ProblemList();
        turn(item.value, found);
        return { item, found };
      }),
      problems,
    );
  }
}

/** Most items that a message names; the rest is counted. */
const MAX_NAMED_ITEMS = 3;

function mergeItemProblems(
  turns: readonly { readonly item: ForeachItem; readonly found: ProblemList }[],
  problems: ProblemList,
): void {
  const labels = new Map<string, string[]>();
  for (const { item, found } of turns) {
    for (const problem of found.size > 0 ? found.sorted() : []) {
      const key = JSON.stringify(problem);
      const known = labels.get(key);
      if (known) known.push(item.label);
      else {
        labels.set(key, [item.label]);
      }
    }
  }
  for (const { found } of turns) {
    for (const problem of found.size > 0 ? found.sorted() : []) {
      const named = labels.get(JSON.stringify(problem)) ?? [];
      const left = named.length - MAX_NAMED_ITEMS;
      const list = named.slice(0, MAX_NAMED_ITEMS).join(", ") +
        (left > 0 ? ` and ${left} more` : "");
      problems.add(
        problem,
        named.length === turns.length && turns.length > 1 || list === ""
          ? problem.message
          : `${problem.message} (for ${list})`,
      );
    }
  }
}

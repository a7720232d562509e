import { MAX_BUNDLE_RESOURCES } from "../../shared/config/policy_bundle.ts";
import type { TemplateScope } from "../../shared/templates/template.ts";
import { type Place, ProblemList } from "../stacks/problem_list.ts";
import type {
  Configcrate,
  ResourceDeclaration,
  StackTree,
  WrittenCondition,
} from "../stacks/stack_tree.ts";
import type { StackValue } from "../stacks/stack_value.ts";
import type { Steps } from "../steps/steps.ts";
import { type DeclaredPart, shapeOf, weighResource } from "./declared_part.ts";
import { type ForeachItem, foreachItems } from "./foreach_items.ts";
import type { ReadSet } from "./read_sets.ts";
import { idOfSkipped, renderResource } from "./render_resource.ts";
import type { RenderedResource } from "./rendered_resource.ts";
import { type OpenCondition, resolveCondition, undecided } from "./resolve_condition.ts";
import { UNKNOWN_TRAITS } from "./trait_reads.ts";
import { withItem } from "./variable_scope.ts";

/**
 * Most that the resources of one host hold together, in characters: with every character at its longest in UTF-8 the bundle
 * still travels in one message. A loop over what a machine reports must not fill the server's memory.
 */
export const MAX_HOST_WEIGHT = 16 * 1024 * 1024;

/** A list that nothing is expected to fill. */
export const NO_CONDITIONS: readonly OpenCondition[] = [];

/** What a declaration is declared under: no condition, those of its crate, or one that does not hold. */
export type Outer = readonly OpenCondition[] | typeof LEFT_OUT;
export const LEFT_OUT = { isLeftOut: true };

/** What is said where it becomes too much. */
export const TOO_HEAVY =
  `the resources of one host hold more than ${MAX_HOST_WEIGHT} characters from here on: write less of what machines report into each of them`;

/** The open condition, if there is one; "false" if it does not hold. */
export function decide(
  when: WrittenCondition | undefined,
  scope: TemplateScope,
  problems: ProblemList,
): readonly OpenCondition[] | "false" | "wrong" {
  if (!when) return NO_CONDITIONS;
  const resolved = resolveCondition(when, scope, problems);
  if (resolved.state === "open") return [resolved.condition];
  return resolved.state === "true" ? NO_CONDITIONS : resolved.state;
}

interface RendererContext {
  readonly scopeOf: (crate: Configcrate, item: unknown) => TemplateScope;
  readonly at: (place: Place) => void;
  /** Without a host what is declared under something wrong is looked at all the same, for further mistakes. */
  readonly isForHost: boolean;
}

/** Renders one part. */
export class PartRenderer {
  readonly #resources: RenderedResource[] = [];
  readonly #skippedIds = new Set<string>();
  readonly #skippedTypes = new Set<string>();
  readonly #problems = new ProblemList();
  #weight = 0;

  constructor(private readonly tree: StackTree, private readonly context: RendererContext) {}

  finish(reads: ReadSet): DeclaredPart {
    const found = {
      resources: this.#resources,
      skippedIds: [...this.#skippedIds],
      skippedTypes: [...this.#skippedTypes],
    };
    return {
      ...found,
      problems: this.#problems.size > 0 ? this.#problems.sorted() : NO_PROBLEMS,
      reads,
      weight: this.#weight,
      shape: shapeOf(found),
      bundled: this.#resources.map(() => []),
    };
  }

  *crate(crate: Configcrate): Steps<void> {
    const outside = this.context.scopeOf(crate, undefined);
    const lost = crate.resources;
    yield* this.#forEach(crate.foreach, outside, this.#problems, lost, (item, problems) => {
      return this.#crateTurn(crate, this.context.scopeOf(crate, item), problems);
    });
  }

  *#crateTurn(crate: Configcrate, scope: TemplateScope, problems: ProblemList): Steps<void> {
    const conditions = this.#decide(crate.when, scope, problems);
    if (conditions === "wrong") return this.#lose(crate.resources);
    for (const declaration of crate.resources) {
      if (conditions === "false") yield* this.#skipAll(declaration, scope);
      else yield* this.#declare(declaration, crate, conditions, scope, problems);
    }
  }

  declaration(
    declaration: ResourceDeclaration,
    crate: Configcrate,
    outer: Outer,
    scope: TemplateScope,
  ): Steps<void> {
    return "isLeftOut" in outer
      ? this.#skipAll(declaration, scope)
      : this.#declare(declaration, crate, outer, scope, this.#problems);
  }

  *#declare(
    declaration: ResourceDeclaration,
    crate: Configcrate,
    outer: readonly OpenCondition[],
    outside: TemplateScope,
    problems: ProblemList,
  ): Steps<void> {
    const { foreach } = declaration;
    const turn = (item: unknown, itemProblems: ProblemList) =>
      this.#turn(declaration, crate, outer, withItem(outside, item), itemProblems);
    yield* this.#forEach(foreach, outside, problems, [declaration], turn);
  }

  // deno-lint-ignore require-yield -- a turn of a resource is one step, which #forEach takes.
  *#turn(
    declaration: ResourceDeclaration,
    crate: Configcrate,
    outer: readonly OpenCondition[],
    scope: TemplateScope,
    problems: ProblemList,
  ): Steps<void> {
    if (this.#weight > MAX_HOST_WEIGHT || this.#resources.length > MAX_BUNDLE_RESOURCES) return;
    this.context.at(declaration.place);
    const own = this.#decide(declaration.when, scope, problems);
    if (own === "wrong") return this.#lose([declaration]);
    if (own === "false") return this.#skip(declaration, scope);
    const defaults = crate.defaults.get(declaration.type) ?? new Map();
    const context = { tree: this.tree, scope, defaults, problems };
    const rendered = renderResource(declaration, [...outer, ...own], context);
    if (!rendered) return this.#skip(declaration, scope);
    this.#resources.push(rendered);
    this.#weight += weighResource(rendered);
    if (this.#weight > MAX_HOST_WEIGHT) problems.add(declaration.place, TOO_HEAVY);
  }

  *#skipAll(declaration: ResourceDeclaration, outside: TemplateScope): Steps<void> {
    const items = foreachItems(declaration.foreach, outside, new ProblemList());
    if (!items) this.#lose([declaration]);
    for (const { value } of items ?? []) {
      yield;
      this.#skip(declaration, withItem(outside, value));
    }
  }

  #decide(
    when: WrittenCondition | undefined,
    scope: TemplateScope,
    problems: ProblemList,
  ): ReturnType<typeof decide> {
    const decided = decide(when, scope, problems);
    return decided === "wrong" && when && !this.context.isForHost ? [undecided(when)] : decided;
  }

  /** A host does not get it, for whatever reason: to name it is no mistake. */
  #skip(declaration: ResourceDeclaration, scope: TemplateScope): void {
    const id = idOfSkipped(declaration, { scope });
    if (id === undefined) this.#lose([declaration]);
    else this.#skippedIds.add(id);
  }

  /** Nobody knows which names these would have had. */
  #lose(declarations: readonly ResourceDeclaration[]): void {
    for (const { type } of declarations) this.#skippedTypes.add(type);
  }

  /** Says of a mistake for which items it is one, unless it is one for all. */
  *#forEach(
    foreach: StackValue | undefined,
    scope: TemplateScope,
    problems: ProblemList,
    declarations: readonly ResourceDeclaration[],
    turn: (item: unknown, problems: ProblemList) => Steps<void>,
  ): Steps<void> {
    const items = foreachItems(foreach, scope, problems);
    if (!items) {
      this.#lose(declarations);
      if (!this.context.isForHost) yield* turn(UNKNOWN_TRAITS, problems);
      return;
    }
    if (!foreach) {
      yield;
      return yield* turn(undefined, problems);
    }
    const turns: { readonly item: ForeachItem; readonly found: ProblemList }[] = [];
    for (const item of items) {
      yield;
      const found = new ProblemList();
      yield* turn(item.value, found);
      turns.push({ item, found });
    }
    mergeItemProblems(turns, problems);
  }
}

const NO_PROBLEMS: DeclaredPart["problems"] = [];

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

import { MAX_BUNDLE_RESOURCES } from "../../shared/config/policy_bundle.ts";
import type { Traits } from "../../shared/templates/identified_traits.ts";
import type { TemplateScope } from "../../shared/templates/template.ts";
import { type Place, ProblemList } from "../stacks/problem_list.ts";
import type { Configcrate, Hostcrate, StackTree, WrittenCondition } from "../stacks/stack_tree.ts";
import type { Steps } from "../steps/steps.ts";
import { type CrateHead, type DeclaredPart, weighResource } from "./declared_part.ts";
import { LookRecorder, type Looks } from "./look_recorder.ts";
import type { PartMemory, Slot } from "./part_memory.ts";
import {
  decide,
  LEFT_OUT,
  MAX_HOST_WEIGHT,
  NO_CONDITIONS,
  PartRenderer,
  TOO_HEAVY,
} from "./part_renderer.ts";
import { HostInputs, type ReadSet } from "./read_sets.ts";
import { undecided } from "./resolve_condition.ts";
import { recordTraitReads, UNKNOWN_TRAITS } from "./trait_reads.ts";
import { createScope } from "./variable_scope.ts";

/** What the crates of a host declare for it, in their order. */
export interface DeclaredResources {
  readonly parts: readonly DeclaredPart[];
  /** Mistakes beside those of the parts. */
  readonly problems: ProblemList;
  /** What was looked at to tell which parts there are. */
  readonly headReads: readonly ReadSet[];
  /** Types of which some may be missing since a condition is wrong. */
  readonly lostTypes: ReadonlySet<string>;
  /** Whether a limit kept some from being declared. */
  readonly isCut: boolean;
}

/** Whom something is declared for. */
export interface DeclaredFor {
  readonly tree: StackTree;
  readonly hostcrate: Hostcrate;
  /** Undefined where stacks are checked without a host. */
  readonly traits: Traits | undefined;
  readonly memory: PartMemory;
}

/**
 * Goes through crates and resources, once for each item of their `foreach`, and renders those whose conditions hold, unless the
 * memory has what comes of it. Each turn is a step.
 */
export class Declarer {
  readonly #recorder = new LookRecorder();
  readonly #inputs: HostInputs;
  readonly #problems = new ProblemList();
  readonly #headReads: ReadSet[] = [];
  readonly #lostTypes = new Set<string>();
  #view: object | undefined;

  /** What is declared at the moment, for messages. */
  place: Place | undefined;

  constructor(private readonly host: DeclaredFor) {
    this.#inputs = new HostInputs(host.hostcrate, host.traits ?? {});
  }

  *declare(): Steps<DeclaredResources> {
    const parts: DeclaredPart[] = [];
    let weight = 0, count = 0;
    for (const crate of this.host.hostcrate.crates) {
      for (const find of this.#partsOf(crate)) {
        const part = yield* find();
        if (!part) continue;
        parts.push(part);
        weight += part.weight;
        count += part.resources.length;
        if (weight > MAX_HOST_WEIGHT) this.#reportWeight(part, weight - part.weight);
        // Of a host that is refused whatever follows no more is rendered than it takes to say why.
        if (weight > MAX_HOST_WEIGHT || count > MAX_BUNDLE_RESOURCES) {
          return this.#result(parts, true);
        }
      }
    }
    return this.#result(parts, false);
  }

  #result(parts: readonly DeclaredPart[], isCut: boolean): DeclaredResources {
    return {
      parts,
      problems: this.#problems,
      headReads: this.#headReads,
      lostTypes: this.#lostTypes,
      isCut,
    };
  }

  #reportWeight({ resources, problems }: DeclaredPart, before: number): void {
    let weight = before;
    const first = resources.find((resource) => {
      weight += weighResource(resource);
      return weight > MAX_HOST_WEIGHT;
    });
    const isReported = problems.some(({ message }) => message.includes(TOO_HEAVY));
    if (first && !isReported) this.#problems.add(first.place, TOO_HEAVY);
  }

  *#partsOf(crate: Configcrate): Generator<() => Steps<DeclaredPart | undefined>> {
    const memory = this.host.memory.crateOf(this.host.hostcrate, crate);
    if (crate.foreach) {
      yield () => this.#remembered(memory.whole, (part) => part.crate(crate));
      return;
    }
    const known = crate.when ? this.#head(crate, crate.when, memory.head) : undefined;
    if (known?.state === "wrong") {
      for (const { type } of crate.resources) this.#lostTypes.add(type);
      return;
    }
    const outer = !known ? NO_CONDITIONS : known.state === "given" ? known.conditions : LEFT_OUT;
    const slots = memory.slots(outer);
    const scope = this.#lazyScope(crate);
    for (const [position, declaration] of crate.resources.entries()) {
      const slot = slots[position];
      if (!slot) throw new Error("unreachable: each declaration has a slot");
      yield () =>
        this.#remembered(slot, (part) => part.declaration(declaration, crate, outer, scope()));
    }
  }

  #head(crate: Configcrate, when: WrittenCondition, slot: Slot<CrateHead>): CrateHead {
    const found = slot.find(this.#inputs) ?? this.#decideHead(crate, when, slot);
    this.#headReads.push(found.reads);
    this.#problems.addAll(found.problems);
    return found;
  }

  #decideHead(crate: Configcrate, when: WrittenCondition, slot: Slot<CrateHead>): CrateHead {
    const problems = new ProblemList();
    this.#recorder.begin();
    const decided = decide(when, this.#scopeOf(crate, undefined), problems);
    const reads = this.#intern(this.#recorder.end());
    const isOpen = decided !== "false" && decided !== "wrong";
    const isChecked = decided === "wrong" && !this.host.traits;
    const head: CrateHead = {
      // A list of its own, by which what is declared under it is remembered.
      conditions: isOpen && decided.length > 0
        ? [...decided]
        : isChecked
        ? [undecided(when)]
        : NO_CONDITIONS,
      state: isOpen || isChecked ? "given" : decided === "false" ? "left out" : "wrong",
      problems: problems.sorted(),
      reads,
    };
    if (problems.size === 0) this.host.memory.remember(slot, head, this.#inputs, 0);
    return head;
  }

  *#remembered(
    slot: Slot<DeclaredPart>,
    render: (part: PartRenderer) => Steps<void>,
  ): Steps<DeclaredPart> {
    const known = slot.find(this.#inputs);
    if (known) return known;
    const renderer = new PartRenderer(this.host.tree, {
      scopeOf: (crate, item) => this.#scopeOf(crate, item),
      at: (place) => this.place = place,
      isForHost: this.host.traits !== undefined,
    });
    this.#recorder.begin();
    yield* render(renderer);
    const part = renderer.finish(this.#intern(this.#recorder.end()));
    this.host.memory.rendered++;
    // A mistake may come from a limit, which another attempt may keep.
    if (part.problems.length === 0) {
      this.host.memory.remember(slot, part, this.#inputs, part.weight);
    }
    return part;
  }

  #intern(looks: Looks): ReadSet {
    return this.host.memory.readSets.intern(looks);
  }

  #lazyScope(crate: Configcrate): () => TemplateScope {
    let scope: TemplateScope | undefined;
    return () => scope ??= this.#scopeOf(crate, undefined);
  }

  #scopeOf(crate: Configcrate, item: unknown): TemplateScope {
    const { hostcrate: { vars: strong, environment }, traits } = this.host;
    this.#view ??= traits
      ? recordTraitReads(traits, { add: (read) => this.#recorder.addTrait(read) })
      : UNKNOWN_TRAITS;
    const recorder = this.#recorder;
    return createScope({
      weak: crate.vars,
      strong,
      traits: this.#view,
      environment,
      item,
      recorder,
    });
  }
}

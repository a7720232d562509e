import { Condition, ConditionError } from "../../shared/conditions/condition.ts";
import type { ConditionFacts, ConditionVerdict } from "../../shared/conditions/condition_facts.ts";
import { evaluateCondition } from "../../shared/conditions/evaluate_condition.ts";
import type { BundleCondition, BundleResource } from "../../shared/config/policy_bundle.ts";
import type { MachineFacts } from "./machine_facts.ts";

/** Whether a resource is to be looked at. */
export type Decision =
  | { readonly state: "true" | "false" }
  | { readonly state: "unknown"; readonly reason: string };

/** What a run knows when a resource's turn comes. */
export interface Turn {
  /** Whether something that notifies the resource changed; in a dry run also which resource might. */
  readonly changed: boolean | { readonly ifChanges: string };
  /** In a dry run: a resource that this one depends on and that would change first. */
  readonly awaited: string | undefined;
}

/** Conditions of a bundle that is held are decided at every run and parsed at the first. */
const PARSED = new WeakMap<BundleCondition, Condition>();

/** Decides what the server left to the machine, by what is true at this moment. Without a condition it is always true. */
export async function decideCondition(
  when: BundleResource["when"],
  turn: Turn,
  machine: MachineFacts,
): Promise<Decision> {
  const { changed } = turn;
  if (when === undefined) return { state: "true" };
  if (when === "changed") {
    return typeof changed === "boolean" ? { state: changed ? "true" : "false" } : waitsFor(changed);
  }
  let condition: Condition;
  try {
    condition = parse(when);
  } catch (error) {
    if (!(error instanceof ConditionError)) throw error;
    return wrong(when, error);
  }
  const ports = asksPorts(condition) && turn.awaited === undefined
    ? await machine.listeningPorts()
    : undefined;
  const evaluate = (changed: boolean | undefined): ConditionVerdict => {
    const facts: ConditionFacts = {
      traits: machine.traits,
      missingTraits: "absent",
      failedCollectors: machine.failedCollectors,
      changed,
      portListening: (port) => ports?.has(port),
    };
    return evaluateCondition(condition, when.scope, facts);
  };
  const verdict = evaluate(typeof changed === "boolean" ? changed : undefined);
  if (verdict.state === "wrong") return wrong(when, verdict);
  if (verdict.state !== "undecided") return { state: verdict.state };
  const waitsForChange = typeof changed !== "boolean" &&
    [true, false].every((either) => evaluate(either).state !== "undecided");
  return waitsForChange
    ? waitsFor(changed)
    : { state: "unknown", reason: explain(condition, turn, machine) };
}

/**
 * Whether a condition is about what the machine is, as its traits tell, and not about what happens to it: `changed` and
 * `port_listening` tell of this moment. While such a condition does not hold the policy wants nothing of the resource.
 */
export function asksWhatMachineIs(when: BundleResource["when"]): when is BundleCondition {
  if (when === undefined || when === "changed") return false;
  try {
    const condition = parse(when);
    return !asksPorts(condition) && !condition.names.some(({ path }) => path[0] === "changed");
  } catch (error) {
    if (error instanceof ConditionError) return false;
    throw error;
  }
}

function waitsFor({ ifChanges }: Exclude<Turn["changed"], boolean>): Decision {
  return { state: "unknown", reason: `runs if ${ifChanges} changes, which is unknown` };
}

function parse(when: BundleCondition): Condition {
  const known = PARSED.get(when);
  if (known) return known;
  const parsed = Condition.parse(when.expression);
  PARSED.set(when, parsed);
  return parsed;
}

function wrong(
  { expression }: BundleCondition,
  { message, offset }: { readonly message: string; readonly offset: number },
): Decision {
  const reason = `cannot decide "when: ${expression}" at character ${offset + 1}: ${message}`;
  return { state: "unknown", reason };
}

function explain(condition: Condition, { awaited }: Turn, machine: MachineFacts): string {
  const cannot = `cannot decide "when: ${condition.text}"`;
  if (asksPorts(condition)) {
    return awaited === undefined
      ? `${cannot}: the system does not tell which ports are open`
      : `${cannot} before ${awaited} has changed`;
  }
  const { failedCollectors: failed } = machine;
  const named = failed.filter((name) => condition.text.includes(name));
  const blamed = named.length > 0 ? named : failed;
  return blamed.length > 0
    ? `${cannot}: the trait collector ${blamed.join(", ")} failed`
    : `${cannot}: the machine does not tell what it asks for`;
}

/** Reading the ports costs a look at the system, which most conditions need not pay. */
function asksPorts({ text }: Condition): boolean {
  return text.includes("port_listening");
}

import type { TargetSubject } from "./target_subject.ts";
import { NUMBER, type TargetField, type TargetTerm, type ValueTest } from "./target_term.ts";
import { findTraitValues, type TraitValue } from "./trait_values.ts";

/**
 * Whether one condition holds for `subject`.
 *
 * A filter holds if any value of its field passes; `!=` holds if none is equal. A field that is absent passes no filter,
 * `!=` included: a collector that failed must not make a machine a target, since absence of data is not absence of the
 * thing. Who means "all but these, and whatever is unknown" writes the exclusion `-a.b=value`.
 */
export function matchesTerm(term: TargetTerm, subject: TargetSubject): boolean {
  switch (term.kind) {
    case "hostname":
      return term.glob.matches(subject.hostname);
    case "uuid":
      return subject.uuid.toLowerCase() === term.uuid;
    case "filter": {
      const values = findValues(term.field, subject);
      return values !== undefined && passes(term.test, values);
    }
  }
}

/** What a subject has where a filter looks; `undefined` if nothing is there. */
export function findValues(
  field: TargetField,
  subject: TargetSubject,
): readonly TraitValue[] | undefined {
  return field.kind === "trait"
    ? findTraitValues(subject.traits, field.path)
    : findTraitValues(subject.tags, [field.name]);
}

function passes(test: ValueTest, values: readonly TraitValue[]): boolean {
  switch (test.operator) {
    case "=":
      return values.some((value) => isEqual(value, test.text));
    case "!=":
      return !values.some((value) => isEqual(value, test.text));
    case ">":
      return values.some((value) => toNumber(value) > test.bound);
    case "<":
      return values.some((value) => toNumber(value) < test.bound);
    case "~":
      return values.some((value) => test.glob.matches(String(value)));
  }
}

/** Text is compared exactly, case included; a number also equals any other way of writing it. */
function isEqual(value: TraitValue, text: string): boolean {
  if (String(value) === text) return true;
  return typeof value === "number" && NUMBER.test(text) && Number(text) === value;
}

/** The number a value is or spells out, as in the tag `rack=12`; else NaN, which is neither more nor less than anything. */
function toNumber(value: TraitValue): number {
  if (typeof value === "number") return value;
  return typeof value === "string" && NUMBER.test(value) ? Number(value) : NaN;
}

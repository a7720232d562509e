import type { QueryTerm } from "../../shared/rest/envoys.ts";
import { findValues, matchesTerm } from "../../shared/targeting/target_match.ts";
import type { TargetSpec } from "../../shared/targeting/target_spec.ts";
import type { TargetSubject } from "../../shared/targeting/target_subject.ts";
import { formatField, formatTerm, type TargetField } from "../../shared/targeting/target_term.ts";
import type { TraitValue } from "../../shared/targeting/trait_values.ts";
import { nearestName } from "../../shared/naming/nearest_name.ts";

/** Values shown of one field, and longest text of each. */
const MAX_EXAMPLES = 5;
const MAX_EXAMPLE_LENGTH = 60;
/** Values of one field that are shown for one envoy. */
const MAX_VALUES = 20;
/** Names looked at for a suggestion. */
const MAX_NAMES = 1_000;

/** What a subject has of everything that a spec asks about, by the field as a spec writes it. */
export function valuesOf(
  spec: TargetSpec,
  subject: TargetSubject,
): Record<string, TraitValue[]> {
  const values = new Map<string, TraitValue[]>();
  for (const { term } of spec.terms()) {
    if (term.kind !== "filter") continue;
    const found = findValues(term.field, subject);
    if (found) values.set(formatField(term.field), found.slice(0, MAX_VALUES));
  }
  return Object.fromEntries(values);
}

/**
 * How many of the subjects each condition of a spec holds for, and how many have what it asks about at all: whoever gets no
 * answer sees which condition nobody meets, and what there is instead.
 */
export function explainQuery(
  spec: TargetSpec,
  subjects: readonly TargetSubject[],
): QueryTerm[] {
  return spec.terms().map(({ term, excludes }) => {
    const matches = subjects.filter((subject) => matchesTerm(term, subject)).length;
    const explained = { term: formatTerm(term), excludes, matches };
    if (term.kind !== "filter") {
      const names = term.kind === "hostname" ? subjects.map(({ hostname }) => hostname) : [];
      return {
        ...explained,
        known: subjects.length,
        examples: matches === 0 ? names.slice(0, MAX_EXAMPLES) : [],
        suggestion: null,
      };
    }
    const found = subjects.flatMap((subject) => {
      const values = findValues(term.field, subject);
      return values === undefined ? [] : [values];
    });
    return {
      ...explained,
      known: found.length,
      examples: mostFrequent(found),
      suggestion: found.length === 0 ? suggest(term.field, subjects) : null,
    };
  });
}

function mostFrequent(found: readonly (readonly TraitValue[])[]): string[] {
  const counts = new Map<string, number>();
  for (const values of found) {
    for (const value of new Set(values.map((one) => String(one).slice(0, MAX_EXAMPLE_LENGTH)))) {
      counts.set(value, (counts.get(value) ?? 0) + 1);
    }
  }
  return [...counts].sort(([, one], [, other]) => other - one).slice(0, MAX_EXAMPLES)
    .map(([value]) => value);
}

/** The field with the first of its names that nobody has replaced by the nearest one that somebody has. */
function suggest(field: TargetField, subjects: readonly TargetSubject[]): string | null {
  if (field.kind === "tag") {
    const names = new Set(subjects.flatMap(({ tags }) => Object.keys(tags)));
    const nearest = nearestName(field.name, names);
    return nearest === undefined ? null : formatField({ kind: "tag", name: nearest });
  }
  let level: readonly unknown[] = subjects.map(({ traits }) => traits);
  for (const [at, name] of field.path.entries()) {
    const objects = level.flatMap((value) => Array.isArray(value) ? value : [value])
      .filter(isObject);
    const below = objects.flatMap((value) => Object.hasOwn(value, name) ? [value[name]] : []);
    if (below.length > 0) {
      level = below;
      continue;
    }
    const names = new Set<string>();
    for (const value of objects) {
      for (const known of Object.keys(value)) if (names.size < MAX_NAMES) names.add(known);
    }
    const nearest = nearestName(name, names);
    return nearest === undefined
      ? null
      : formatField({ kind: "trait", path: [...field.path.slice(0, at), nearest] });
  }
  return null;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

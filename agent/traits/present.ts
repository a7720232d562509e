import type { Json } from "../../shared/canonical/canonical_json.ts";

/** The members that have a value. What a system does not tell is left out: a condition can ask whether it is there. */
export function present(
  members: Readonly<Record<string, Json | undefined>>,
): Record<string, Json> {
  const kept: Record<string, Json> = {};
  for (const [name, value] of Object.entries(members)) {
    if (value !== undefined) kept[name] = value;
  }
  return kept;
}

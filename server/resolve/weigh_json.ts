/** What a value costs beside its texts, in characters: its place among others. */
const VALUE_WEIGHT = 8;

/** About how many characters some JSON has when it is written. */
export function weighJson(value: unknown): number {
  if (typeof value === "string") return value.length + VALUE_WEIGHT;
  if (typeof value !== "object" || value === null) return VALUE_WEIGHT;
  let weight = VALUE_WEIGHT;
  for (const [key, member] of Object.entries(value)) {
    weight += (Array.isArray(value) ? 0 : key.length) + weighJson(member);
  }
  return weight;
}

import type { Json } from "../../../shared/canonical/canonical_json.ts";

type Members = { readonly [name: string]: Json };

/**
 * Keeps of a tree what a text is found in, by name or value in any case, with everything that leads there; below a name that
 * fits all of it.
 *
 * @param maxLeaves values that are kept at most; the rest is counted.
 */
export function filterTree(
  data: Members,
  text: string,
  maxLeaves: number,
): { readonly found: Members; readonly leftOut: number } {
  const wanted = text.trim().toLowerCase();
  const fits = (word: string) => word.toLowerCase().includes(wanted);
  let leaves = 0, leftOut = 0;

  const keep = (value: Json, isWanted: boolean): Json | undefined => {
    if (typeof value !== "object" || value === null) {
      if (!isWanted && !fits(String(value))) return undefined;
      leaves += 1;
      if (leaves <= maxLeaves) return value;
      leftOut += 1;
      return undefined;
    }
    if (Array.isArray(value)) {
      const kept = value.map((one) => keep(one, isWanted)).filter((one) => one !== undefined);
      return kept.length > 0 || isWanted ? kept : undefined;
    }
    // What is no array; the compiler does not narrow readonly ones.
    const kept = keepMembers(value as Members, isWanted);
    return Object.keys(kept).length > 0 || isWanted ? kept : undefined;
  };

  const keepMembers = (members: Members, isWanted: boolean): Members => {
    const kept: [string, Json][] = [];
    for (const [name, value] of Object.entries(members)) {
      const below = keep(value, isWanted || fits(name));
      if (below !== undefined) kept.push([name, below]);
    }
    return Object.fromEntries(kept);
  };

  return { found: keepMembers(data, wanted === ""), leftOut };
}

import { canonicalJson, type Json } from "../../shared/canonical/canonical_json.ts";
import type { FailedCollector } from "./collect_traits.ts";

/** Stable traits of one machine, in bytes of canonical JSON; docs/protocol.md gives what a server accepts. */
export const MAX_STABLE_TRAITS_BYTES = 1024 * 1024;
/** Volatile traits, which may all travel in one check-in; room is left for what the agent says of itself. */
export const MAX_VOLATILE_TRAITS_BYTES = 12 * 1024;

/** What fits, and what was left out. */
export interface FittedTraits {
  readonly kept: Readonly<Record<string, Json>>;
  readonly leftOut: readonly FailedCollector[];
}

/**
 * Leaves traits out until the rest has at most `maxBytes`: the operator's own first, then the built-in ones, of each the
 * largest first. A server refuses what is larger, and would then know nothing of the machine.
 */
export function fitTraits(
  traits: Readonly<Record<string, Json>>,
  maxBytes: number,
  isOperators: (name: string) => boolean,
): FittedTraits {
  const sizes = Object.entries(traits).map(([name, value]) => ({
    name,
    bytes: sizeOf(name, value),
  }));
  let total = 2 + sizes.reduce((sum, { bytes }) => sum + bytes, 0);
  const kept: Record<string, Json> = { ...traits };
  const leftOut: FailedCollector[] = [];
  const order = sizes.toSorted((a, b) =>
    Number(isOperators(b.name)) - Number(isOperators(a.name)) || b.bytes - a.bytes
  );
  for (const { name, bytes } of order) {
    if (total <= maxBytes) break;
    delete kept[name];
    total -= bytes;
    leftOut.push({
      name,
      reason: `left out with its ${bytes} bytes: all traits together may have ${maxBytes}`,
    });
  }
  return { kept, leftOut };
}

/** Bytes of one member with its name, colon and comma. */
function sizeOf(name: string, value: Json): number {
  return new TextEncoder().encode(`${canonicalJson(name)}:${canonicalJson(value)},`).length;
}

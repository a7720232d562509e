import { canonicalJson, type Json } from "../../shared/canonical/canonical_json.ts";

/** Deepest nesting of an operator's trait: a template reaches its leaves with a short path. */
export const MAX_OPERATOR_DEPTH = 16;
/** Most values in one of them, objects and lists counted. */
export const MAX_OPERATOR_VALUES = 5_000;

/** What a program printed, judged. */
export type OperatorTrait =
  | { readonly ok: true; readonly value: Json }
  | { readonly ok: false; readonly reason: string };

/** Reads the output of an operator's collector: one JSON value that is not `null`, within the bounds. */
export function parseOperatorTrait(text: string, maxBytes: number): OperatorTrait {
  if (new TextEncoder().encode(text).length > maxBytes) {
    return { ok: false, reason: `more than ${maxBytes} bytes` };
  }
  let value: Json;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return { ok: false, reason: `no JSON: ${error instanceof Error ? error.message : error}` };
  }
  if (value === null) return { ok: false, reason: "null, which says nothing" };
  const excess = judgeShape(value);
  if (excess !== undefined) return { ok: false, reason: excess };
  try {
    canonicalJson(value);
  } catch (error) {
    return {
      ok: false,
      reason: `what cannot travel: ${error instanceof Error ? error.message : error}`,
    };
  }
  return { ok: true, value };
}

/** Which bound a value breaks; looked at level by level, so that depth costs no stack. */
function judgeShape(value: Json): string | undefined {
  let level: readonly Json[] = [value];
  let values = 0;
  for (let depth = 1; level.length > 0; depth++) {
    if (depth > MAX_OPERATOR_DEPTH) return `JSON nested deeper than ${MAX_OPERATOR_DEPTH}`;
    values += level.length;
    if (values > MAX_OPERATOR_VALUES) return `more than ${MAX_OPERATOR_VALUES} values`;
    level = level.flatMap((item) =>
      typeof item === "object" && item !== null ? childrenOf(item) : []
    );
  }
  return undefined;
}

function childrenOf(item: object): readonly Json[] {
  // What JSON.parse gives holds nothing but JSON.
  return Object.values(item) as readonly Json[];
}

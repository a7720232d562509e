import type { Json } from "../../shared/canonical/canonical_json.ts";
import type { DeferredValue } from "../../shared/config/policy_bundle.ts";
import { formatJsonPointer, type JsonPath } from "../../shared/templates/json_place.ts";
import type { TemplateScope } from "../../shared/templates/template.ts";
import type { StackValue } from "../stacks/stack_value.ts";
import { DeferredRead, type PlacedTemplate } from "./deferred_read.ts";
import { deferTemplate } from "./defer_template.ts";
import { evaluateTemplate } from "./variable_scope.ts";

/** What came of the values of a resource beside the values themselves. */
export interface RenderNotes {
  /** Where values came out of templates as numbers or booleans. */
  readonly fromTemplates: JsonPath[];
  readonly deferred: DeferredValue[];
}

/**
 * A value of a resource, rendered; undefined if as a whole it is for the machine to work out, which goes to the notes. In a
 * list null holds the place of such a member.
 *
 * @throws {VariableError} if it cannot be rendered at all, and whatever the traits of the scope throw.
 */
export function renderValue(
  value: StackValue,
  scope: TemplateScope,
  path: JsonPath,
  notes: RenderNotes,
): Json | undefined {
  switch (value.kind) {
    case "scalar":
      return value.constant;
    case "secret":
      notes.deferred.push({
        at: formatJsonPointer(path),
        value: { kind: "secret", path: value.path },
      });
      return undefined;
    case "template":
      return renderTemplate(value, scope, path, notes, { asText: false });
    case "list":
      return value.constant ??
        value.items.map((item, index) =>
          renderValue(item, scope, [...path, String(index)], notes) ?? null
        );
    case "map": {
      if (value.constant !== undefined) return value.constant;
      const rendered: Record<string, Json> = Object.create(null);
      for (const [key, entry] of value.entries) {
        const member = renderValue(entry, scope, [...path, key], notes);
        if (member !== undefined) rendered[key] = member;
      }
      return rendered;
    }
  }
}

/** The same of one template. */
export function renderTemplate(
  placed: PlacedTemplate,
  scope: TemplateScope,
  path: JsonPath,
  notes: RenderNotes,
  { asText }: { readonly asText: boolean },
): Json | undefined {
  try {
    const json = evaluateTemplate(placed, scope, { asText });
    if (typeof json === "number" || typeof json === "boolean") notes.fromTemplates.push(path);
    return json;
  } catch (error) {
    if (!(error instanceof DeferredRead)) throw error;
    const value = deferTemplate(placed, scope, { isText: asText });
    notes.deferred.push({ at: formatJsonPointer(path), value });
    return undefined;
  }
}

import { createTwoFilesPatch } from "diff";
import { stringify } from "yaml";
import { canonicalJson, type Json } from "../../shared/canonical/canonical_json.ts";
import type { BundleCondition, BundleResource } from "../../shared/config/policy_bundle.ts";
import { parseJsonPointer, replaceAt } from "../../shared/templates/json_place.ts";
import { maskedParameters } from "../../shared/config/masked_parameters.ts";
import { MAX_DIFF_LENGTH } from "../../shared/config/run_report.ts";

/** Edits after which two texts count as different altogether: finding the shortest difference takes time in their square. */
const MAX_EDITS = 2000;

/** Whether two resources ask for the same; where they are written does not count. */
export function isSameResource(a: BundleResource, b: BundleResource): boolean {
  return canonicalJson(comparable(a)) === canonicalJson(comparable(b));
}

/**
 * What changes between two resources as a unified diff of their parameters as YAML, at most `MAX_DIFF_LENGTH` characters and
 * a note. Passwords are masked; that one changed is said.
 */
export function diffResources(
  from: BundleResource | undefined,
  to: BundleResource | undefined,
): string {
  const id = (to ?? from)?.id ?? "";
  const fromText = from ? describe(from, from) : "";
  const toText = to ? describe(to, from) : "";
  const patch = createTwoFilesPatch(
    from ? id : "/dev/null",
    to ? id : "/dev/null",
    fromText,
    toText,
    undefined,
    undefined,
    { context: 3, maxEditLength: MAX_EDITS },
  );
  if (patch === undefined) {
    return `${id}: ${countLines(fromText)} lines become ${countLines(toText)} different ones`;
  }
  const diff = patch.slice(patch.indexOf("--- "));
  if (diff.length <= MAX_DIFF_LENGTH) return diff;
  return `${diff.slice(0, MAX_DIFF_LENGTH)}\n… ${diff.length - MAX_DIFF_LENGTH} more characters`;
}

function describe(resource: BundleResource, before: BundleResource | undefined): string {
  const params: Record<string, Json | undefined> = { ...resource.params };
  for (const name of maskedParameters(resource.type)) {
    if (params[name] === undefined) continue;
    const isNew = before?.params[name] !== params[name];
    params[name] = isNew ? "«secret» (changed)" : "«secret»";
  }
  const { dependsOn, notify, when } = resource;
  const shown = {
    ...showDeferred(params, resource),
    ...(dependsOn.length > 0 ? { depends_on: dependsOn } : {}),
    ...(notify.length > 0 ? { notify } : {}),
    ...(when ? { when: when === "changed" ? when : when.expression } : {}),
    ...(when && when !== "changed" ? showScope("when sees", when.scope) : {}),
  };
  return stringify(shown, { sortMapEntries: true, lineWidth: 0, aliasDuplicateObjects: false });
}

/**
 * Parameters with those that the machine fills in: a secret as its path, a template as its text with what it sees. Their
 * values are not known here.
 */
function showDeferred(
  params: Readonly<Record<string, Json | undefined>>,
  { type, deferred = [] }: BundleResource,
): { readonly [key: string]: Json | undefined } {
  let shown: Json = params;
  for (const { at, value } of deferred) {
    const path = parseJsonPointer(at);
    if (value.kind === "secret") shown = replaceAt(shown, path, `«secret ${value.path}»`);
    else if (maskedParameters(type).includes(path[0] ?? "")) {
      shown = replaceAt(shown, path, "«secret»");
    } else {
      const names = [
        ...value.secrets.map(({ at: name, path: secret }) =>
          `${nameOf(name)} is a secret: ${secret}`
        ),
        ...(value.templates ?? []).map(({ at: name, text }) => `${nameOf(name)} is ${text}`),
      ];
      shown = replaceAt(shown, path, {
        "on the machine": value.text,
        ...showScope("where", value.scope),
        ...(names.length > 0 ? { and: names } : {}),
      });
    }
  }
  // Values were put at paths in a map, which it stays.
  return shown as { readonly [key: string]: Json | undefined };
}

function showScope(title: string, { vars, env, item }: BundleCondition["scope"]) {
  const seen = {
    ...(Object.keys(vars).length > 0 ? { vars } : {}),
    ...(env === undefined ? {} : { env }),
    ...(item === undefined ? {} : { item }),
  };
  // What a bundle holds is JSON.
  return Object.keys(seen).length > 0 ? { [title]: seen as Json } : {};
}

/** `/vars/db/password` → `vars.db.password`. */
function nameOf(pointer: string): string {
  return parseJsonPointer(pointer).join(".");
}

function comparable(resource: BundleResource): Json {
  const { id, type, crate, dependsOn, notify, when, params, deferred } = resource;
  // A resource is JSON: its schema admits nothing else.
  return { id, type, crate, dependsOn, notify, when, params, deferred } as Json;
}

function countLines(text: string): number {
  return text.split("\n").length - 1;
}

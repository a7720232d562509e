import { createTwoFilesPatch } from "diff";
import { stringify } from "yaml";
import { canonicalJson, type Json } from "../../shared/canonical/canonical_json.ts";
import type { BundleResource } from "../../shared/config/policy_bundle.ts";
import { MAX_DIFF_LENGTH } from "../../shared/config/run_report.ts";

/** Edits after which two texts count as different altogether: finding the shortest difference takes time in their square. */
const MAX_EDITS = 2000;
/** Parameters that no diff shows. */
const MASKED: Readonly<Record<string, readonly string[]>> = { user: ["password"] };

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
  for (const name of MASKED[resource.type] ?? []) {
    if (params[name] === undefined) continue;
    const isNew = before?.params[name] !== params[name];
    params[name] = isNew ? "«secret» (changed)" : "«secret»";
  }
  const { dependsOn, notify, when } = resource;
  const shown = {
    ...params,
    ...(dependsOn.length > 0 ? { depends_on: dependsOn } : {}),
    ...(notify.length > 0 ? { notify } : {}),
    ...(when ? { when } : {}),
  };
  return stringify(shown, { sortMapEntries: true, lineWidth: 0, aliasDuplicateObjects: false });
}

function comparable({ id, type, crate, dependsOn, notify, when, params }: BundleResource): Json {
  // A resource is JSON: its schema admits nothing else.
  return { id, type, crate, dependsOn, notify, when, params: params as Json };
}

function countLines(text: string): number {
  return text.split("\n").length - 1;
}

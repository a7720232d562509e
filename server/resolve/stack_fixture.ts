import assert from "node:assert/strict";
import type { BundleResource } from "../../shared/config/policy_bundle.ts";
import { formatProblem } from "../stacks/problem_list.ts";
import { stackFiles } from "../stacks/stack_fixture.ts";
import { checkStacks } from "./check_stacks.ts";
import { compileHost, type HostFacts } from "./compile_host.ts";

/** A host of the kind that most tests mean. */
export const WEB_1: HostFacts = {
  hostname: "web-1",
  traits: { os: { family: "debian", distro: "debian", major: 12 }, container: { inside: false } },
};

const ENVOYS = 'match: "*"\nconfigcrates: [a]\n';

/** Files by path; a text alone is the one configcrate `a`, which every host has. */
export type StackTexts = string | Readonly<Record<string, string>>;

function textsOf(texts: StackTexts): Readonly<Record<string, string>> {
  return typeof texts === "string"
    ? { "envoys.vgo": ENVOYS, "configcrates/a.vgo": `name: a\n${texts}` }
    : { "envoys.vgo": ENVOYS, ...texts };
}

/** What checking a tree reports, as lines. */
export function problemsOf(texts: StackTexts): string[] {
  const checked = checkStacks(stackFiles(textsOf(texts)));
  return checked.ok ? [] : checked.problems.map(formatProblem);
}

/** What is reported of a host though its tree is without problems. */
export function hostProblemsOf(texts: StackTexts, host: HostFacts = WEB_1): string[] {
  const checked = checkStacks(stackFiles(textsOf(texts)));
  assert.deepEqual(checked.ok ? [] : checked.problems.map(formatProblem), []);
  assert.ok(checked.ok);
  const compiled = compileHost(checked.tree, host);
  return compiled.ok ? [] : compiled.problems.map(formatProblem);
}

/** What a host gets of a tree that has no problems. */
export function resourcesOf(
  texts: StackTexts,
  host: HostFacts = WEB_1,
): readonly BundleResource[] {
  const checked = checkStacks(stackFiles(textsOf(texts)));
  assert.deepEqual(checked.ok ? [] : checked.problems.map(formatProblem), []);
  assert.ok(checked.ok);
  const compiled = compileHost(checked.tree, host);
  assert.deepEqual(compiled.ok ? [] : compiled.problems.map(formatProblem), []);
  assert.ok(compiled.ok);
  return compiled.resources;
}

export function idsOf(texts: StackTexts, host: HostFacts = WEB_1): string[] {
  return resourcesOf(texts, host).map(({ id }) => id);
}

import { type BundleResource, secretPathsOf } from "../../shared/config/policy_bundle.ts";
import type { CompiledHost, HostFacts } from "../resolve/compile_host.ts";
import { compareText } from "../stacks/problem_list.ts";
import type { Steps } from "../steps/steps.ts";
import type { HostCompiler } from "./host_changes.ts";

/** Whose policies name a secret, and the crates that bring it there; both in order. */
export interface SecretUsers {
  readonly hosts: readonly string[];
  readonly crates: readonly string[];
}

/** Looks for a secret in the policies of hosts. Policies that are one object are looked through once. */
export function* findSecretUsersInSteps(
  path: string,
  compiler: HostCompiler,
  hosts: Iterable<HostFacts>,
): Steps<SecretUsers> {
  const known = new WeakMap<CompiledHost, readonly string[]>();
  const users: string[] = [];
  const crates = new Set<string>();
  for (const { hostname, traits } of hosts) {
    const compiled = yield* compiler.compileInSteps({ hostname, traits });
    yield;
    const naming = known.get(compiled) ??
      cratesThatName(path, compiled.ok ? compiled.resources : []);
    known.set(compiled, naming);
    if (naming.length > 0) users.push(hostname);
    for (const crate of naming) crates.add(crate);
  }
  return { hosts: users.sort(compareText), crates: [...crates].sort(compareText) };
}

function cratesThatName(path: string, resources: readonly BundleResource[]): string[] {
  return resources.filter((one) => secretPathsOf([one]).includes(path)).map(({ crate }) => crate);
}

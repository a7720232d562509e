import type { BundleResource } from "../../shared/config/policy_bundle.ts";
import type { ResourceReport } from "../../shared/config/run_report.ts";
import type { Machine } from "../system/machine.ts";

/**
 * The users whose grants a policy speaks of: those of its `user` resources, but for those of which it wants nothing here.
 *
 * @param unwanted ids of resources whose condition on what the machine is does not hold.
 * @returns nothing if a name is only worked out on this machine: then nobody can be said to be left out.
 */
export function namedUsers(
  resources: readonly BundleResource[],
  unwanted: ReadonlySet<string>,
): ReadonlySet<string> | undefined {
  const names = new Set<string>();
  for (const { id, type, params, deferred = [] } of resources) {
    if (type !== "user" || unwanted.has(id)) continue;
    const { name } = params;
    if (typeof name !== "string" || deferred.some(({ at }) => at === "/name")) return undefined;
    names.add(name);
  }
  return names;
}

/** The users that have grants although the policy says nothing of them. */
export async function unnamedUsers(
  { files, policyFolder }: Pick<Machine, "files" | "policyFolder">,
  named: ReadonlySet<string>,
): Promise<readonly string[]> {
  if (await files.inspect(policyFolder) === undefined) return [];
  return (await files.list(policyFolder))
    .flatMap((file) => file.endsWith(".json") ? [file.slice(0, -".json".length)] : [])
    .filter((user) => !named.has(user))
    .sort();
}

/**
 * Takes away what was granted to users of whom the policy says nothing any more: a grant stands in a `user` resource or
 * nowhere, so it goes with the resource. What the resource made otherwise, such as the account, stays.
 *
 * @returns the users that lost their grants.
 */
export async function revokeUnnamed(
  machine: Pick<Machine, "files" | "policyFolder">,
  named: ReadonlySet<string>,
): Promise<readonly string[]> {
  const users = await unnamedUsers(machine, named);
  for (const user of users) await machine.files.removeFile(policyFile(machine, user));
  return users;
}

/** What a dry run says of grants that would go: they are no resource, and change like one. */
export function foreseeRevocation(
  machine: Pick<Machine, "policyFolder">,
  user: string,
): ResourceReport {
  return {
    id: `grants:${user}`,
    crate: "",
    outcome: "would_change",
    diff: `${policyFile(machine, user)}: present → absent, since no resource names ${user}`,
    durationMs: 0,
  };
}

function policyFile({ policyFolder }: Pick<Machine, "policyFolder">, user: string): string {
  return `${policyFolder}/${user}.json`;
}

import type { BundleResource } from "../../shared/config/policy_bundle.ts";
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

/**
 * Takes away what was granted to users of whom the policy says nothing any more: a grant stands in a `user` resource or
 * nowhere, so it goes with the resource. What the resource made otherwise, such as the account, stays.
 *
 * @returns the users that lost their grants.
 */
export async function revokeUnnamed(
  { files, policyFolder }: Pick<Machine, "files" | "policyFolder">,
  named: ReadonlySet<string>,
): Promise<readonly string[]> {
  if (await files.inspect(policyFolder) === undefined) return [];
  const revoked: string[] = [];
  for (const file of await files.list(policyFolder)) {
    const user = file.endsWith(".json") ? file.slice(0, -".json".length) : undefined;
    if (user === undefined || named.has(user)) continue;
    await files.removeFile(`${policyFolder}/${file}`);
    revoked.push(user);
  }
  return revoked;
}

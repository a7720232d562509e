import type { SecretNeed } from "../publish/secret_needs.ts";
import type { SecretVault } from "../secrets/secret_vault.ts";

/** Most secrets named one by one; the rest is counted. */
const MAX_NAMED = 20;

/** Says for each secret that policies name and that is not kept who needs it, and how to set it. */
export async function missingSecrets(
  needs: ReadonlyMap<string, SecretNeed>,
  vault: Pick<SecretVault, "list">,
): Promise<string[]> {
  if (needs.size === 0) return [];
  const { secrets } = await vault.list();
  const kept = new Set(secrets.map(({ path }) => path));
  const missing = [...needs].filter(([path]) => !kept.has(path)).sort(([a], [b]) => a < b ? -1 : 1);
  const warnings = missing.slice(0, MAX_NAMED).map(([path, { hosts, firstHost }]) => {
    const who = hosts === 1 ? `${firstHost} needs` : `${firstHost} and ${hosts - 1} more need`;
    return `secret "${path}" does not exist, and ${who} it. Set it with: vigocli secrets set ${path}`;
  });
  const left = missing.length - warnings.length;
  return left > 0 ? [...warnings, `${left} more secrets do not exist`] : warnings;
}

import type { PackageProvider } from "./package_provider.ts";

/**
 * Does what a hold would forbid: lifts the holds of the packages in question, and puts them back also if it fails. A hold
 * that is lost because the machine stops in between is put back by the policy that wants it.
 */
export async function withHoldsLifted(
  provider: PackageProvider,
  names: readonly string[],
  act: () => Promise<void>,
): Promise<void> {
  const states = await provider.query(names, { candidates: "none", withHolds: true });
  const held = names.filter((name) => states.get(name)?.held === true);
  if (held.length === 0) return await act();
  await provider.setHold(held, false);
  try {
    await act();
  } finally {
    await provider.setHold(held, true);
  }
}

import type { Sha256 } from "../../shared/crypto/sha256.ts";
import type { FleetChanges } from "./host_changes.ts";
import type { Reviewed } from "./publish_results.ts";
import { type Refusal, refuse } from "./refusal.ts";

/** Most hosts that a refusal names. */
const MAX_NAMED_HOSTS = 5;

/**
 * Refuses a version that no host could have: there would be something live that is in force nowhere. Where no envoy is matched
 * there is nothing to tell it by.
 */
export function refuseForNobody(
  { isForNobody, refusedHosts, changes }: Omit<FleetChanges, "secrets" | "unheardTraits">,
  what: string,
): Refusal | undefined {
  if (!isForNobody) return;
  const refused = changes.filter(({ problems }) => problems.length > 0);
  const named = refused.flatMap(({ hosts }) => hosts).slice(0, MAX_NAMED_HOSTS).join(", ");
  const left = refusedHosts > MAX_NAMED_HOSTS ? ", …" : "";
  return {
    ...refuse(
      `Cannot ${what}: no host that an entry matches could have it (${refusedHosts}: ${named}${left}): ` +
        `${refused[0]?.problems[0] ?? ""}. Mend it, or overrule this with --allow-refused`,
    ),
    isForNobody: true,
  };
}

/** Why a review does not cover what would be published now, if so. */
export function explainOutdated(
  reviewed: Reviewed,
  live: Sha256 | undefined,
  version: Sha256,
): string | undefined {
  const what = reviewed.to !== version
    ? "the staged stacks have changed since"
    : reviewed.from !== (live ?? null)
    ? "another version was published since"
    : undefined;
  return what && `Cannot publish what was reviewed: ${what}. Look at the changes again`;
}

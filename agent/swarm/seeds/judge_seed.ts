import { MAX_STAMP_AHEAD_MS } from "../../../shared/swarm/hybrid_clock.ts";
import { type Manifest, REVOKED_HORIZON_MS } from "../../../shared/swarm/manifest.ts";
import type { FoundSeed } from "./seed_folder.ts";
import type { SeedRecord } from "./seed_record.ts";

/** What is known when it is decided what becomes of one settled file of `seed/`. */
export interface SeedFacts {
  readonly seed: Pick<FoundSeed, "name" | "target" | "retentionSecs" | "placedMs">;
  readonly record: Pick<SeedRecord, "sha256" | "stamp" | "author">;
  readonly manifest: Pick<Manifest, "cell" | "effective">;
  /** This envoy: its key, hex, and its name. */
  readonly author: string;
  readonly hostname: string;
  readonly serverKey: string;
  /** Whether another file of `seed/` is a seed of the same blob under this name. */
  readonly isHeldAs: (name: string) => boolean;
  /** Whether the manifest is known to hold all that the server says. */
  readonly knowsServer: boolean;
  /** Time in ms, corrected to the server's clock. */
  readonly nowMs: number;
}

export type SeedVerdict =
  /** The manifest says about it what its `.swarm` says. */
  | { readonly kind: "current"; readonly stamp: number }
  /** It is not registered, for a reason to show; a revocation of what was active at `stamp` concerns it too. */
  | { readonly kind: "idle"; readonly reason: string; readonly stamp?: number }
  /** It was revoked after it was placed. */
  | { readonly kind: "bury" }
  /** A new entry is due; one that changes an active entry keeps its `createdMs`. */
  | { readonly kind: "publish"; readonly createdMs?: number };

/** Decides what becomes of a seed whose content is known. Pure. */
export function judgeSeed(facts: SeedFacts): SeedVerdict {
  const { seed, record, manifest, author, hostname, isHeldAs, knowsServer, nowMs } = facts;
  const { sha256 } = record;
  const own = manifest.cell(sha256, author);
  const effective = manifest.effective(sha256);
  const isActive = effective?.state === "active";
  const registered = registeredStamp(record, author);
  if (!isActive && isRevokedSince(facts, registered)) return { kind: "bury" };
  if (isActive && effective.author !== author) {
    return {
      kind: "idle",
      reason: `already seeded by ${effective.origin}`,
      stamp: effective.stamp,
    };
  }
  if (isActive && own && own.label !== seed.name && isHeldAs(own.label)) {
    return { kind: "idle", reason: `already seeded by ${hostname}`, stamp: own.stamp };
  }
  // A stamp from the future is of a clock that ran ahead: nobody has merged it.
  const isForgotten = registered !== undefined && !own && !effective &&
    registered <= nowMs + MAX_STAMP_AHEAD_MS;
  if (isForgotten && !knowsServer) {
    return {
      kind: "idle",
      reason: "waits for the server's manifest: its entry is not known here any more",
    };
  }
  if (isForgotten && registered < nowMs - REVOKED_HORIZON_MS) return { kind: "bury" };
  if (!isActive || !own) return { kind: "publish" };
  const isCurrent = own.target === seed.target && own.retentionSecs === seed.retentionSecs &&
    own.label === seed.name;
  if (isCurrent) return { kind: "current", stamp: own.stamp };
  return { kind: "publish", createdMs: own.createdMs };
}

/** The stamp under which this identity knows the seed; one of a former identity says nothing. */
export function registeredStamp(
  { stamp, author }: Pick<SeedRecord, "stamp" | "author">,
  self: string,
): number | undefined {
  return author === undefined || author === self ? stamp : undefined;
}

/**
 * Whether the server, or this envoy itself, has revoked the blob after the seed was registered, or placed if it is not
 * registered. Other seeders revoke only their own word.
 */
export function isRevokedSince(
  { seed, record, manifest, author, serverKey }:
    & Pick<
      SeedFacts,
      "record" | "manifest" | "author" | "serverKey"
    >
    & { readonly seed?: SeedFacts["seed"] },
  registered: number | undefined,
): boolean {
  const stamps = [serverKey, author].flatMap((key) => {
    const cell = manifest.cell(record.sha256, key);
    return cell?.state === "revoked" ? cell.stamp : [];
  });
  if (stamps.length === 0) return false;
  const revoked = Math.max(...stamps);
  if (registered !== undefined) return revoked >= registered;
  // Stamps may run ahead of clocks by so much; a file placed again must not be mistaken for the old one.
  return seed !== undefined && seed.placedMs < revoked - MAX_STAMP_AHEAD_MS;
}

import { join } from "node:path";
import { generateEd25519 } from "../../shared/crypto/ed25519.ts";
import { openSqliteStore } from "../../server/store/open_sqlite_store.ts";
import type { EnvoyObservation } from "../../server/store/store.ts";

const DAY_MS = 86_400_000;
/** What somebody might call a tag or a task to see whether it acts. */
export const HOSTILE_TEXT =
  `"><img src=x onerror=alert(1)><script>alert(2)</script>\u202e\u200b\x1b[31m'&`;
/** Longest hostname that DNS knows, in characters. */
const LONG_NAME = `long-${"name-that-does-not-end-".repeat(2)}.${"a".repeat(60)}.example.com`;

/**
 * Writes envoys into the database of a server that does not run, as if they had enrolled and been seen: most of them online
 * some time ago, some under very long names, one with hostile words in its tags.
 *
 * @param root of the server.
 */
export async function seedEnvoys(root: string, count: number): Promise<void> {
  const store = await openSqliteStore(join(root, "srv/vigo/db/vigo.db"));
  try {
    const nowMs = Date.now();
    const uuids = Array.from({ length: count }, () => crypto.randomUUID());
    await store.transaction(async (inside) => {
      for (const [at, uuid] of uuids.entries()) {
        await inside.envoys.add({
          uuid,
          hostname: hostnameOf(at),
          signingKey: generateEd25519().signer.publicKey.toHex(),
          state: "active",
          enrolledAtMs: nowMs - at * 60_000,
          revokedAtMs: null,
          tags: tagsOf(at),
          tagRevision: 1,
          suspectedClone: at % 400 === 7,
          previousHostname: null,
          removedAtMs: null,
        });
      }
      await inside.envoys.saveObservations(uuids.map((uuid, at) => observation(uuid, at, nowMs)));
    });
  } finally {
    await store.close();
  }
}

/** One in a hundred has a label as long as labels may be. */
export function hostnameOf(at: number): string {
  if (at === 0) return LONG_NAME;
  const number = String(at).padStart(4, "0");
  return at % 100 === 51
    ? `${"db-replica-of-the-storefront-".repeat(2)}-${number}.eu-west.example.com`
    : `seeded-${number}`;
}

function tagsOf(at: number): Record<string, string> {
  if (at === 1) return { owner: HOSTILE_TEXT };
  const rack = { rack: String(at % 40) };
  return at % 100 === 51
    ? {
      ...rack,
      "größe": "übergroß \u{1f680}",
      "الموقع": "الرياض",
      note: "words-without-a-blank-".repeat(10),
    }
    : rack;
}

/** Every twentieth was not seen for days, every ninth failed; the others will not be missed for a day. */
function observation(uuid: string, at: number, nowMs: number): EnvoyObservation {
  const isAway = at % 20 === 3;
  return {
    uuid,
    lastSeenMs: nowMs - (isAway ? 5 * DAY_MS : at * 1000),
    intervalMs: isAway ? 60_000 : DAY_MS,
    observedHostname: "",
    lanAddress: `10.0.${at >> 8}.${at & 255}`,
    swarmAddress: "",
    agentVersion: at === 1 ? HOSTILE_TEXT.slice(0, 60) : "0.1.0",
    policyVersion: "",
    fingerprint: "",
    pausedReason: at === 1 ? HOSTILE_TEXT : "",
    pausedUntilMs: 0,
    stableTraits: JSON.stringify({ os: { distro: at === 1 ? HOSTILE_TEXT : "debian" } }),
    volatileTraits: "{}",
    cloneCounter: 1,
    convergence: at % 9 === 0 ? "Failed" : "Converged",
    runSerial: 1,
    runRoot: "",
    runFinishedAtMs: nowMs - at * 1000,
    changeStreak: at % 50 === 0 ? 4 : 0,
    bundleSerial: 0,
    envoySerial: 0,
  };
}

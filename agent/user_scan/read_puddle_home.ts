import { dirname } from "node:path";
import { z } from "zod";
import { OTHERS, readGuarded } from "../puddle/guarded_file.ts";
import { readNameClaim, readPublicKey, readRetired } from "../puddle/puddle_home.ts";
import { puddlePaths } from "../puddle/puddle_paths.ts";
import { PuddleSession } from "../puddle/puddle_session.ts";
import { placeIn, type SessionPlace } from "../puddle/session_place.ts";
import { MAX_PROBLEM_LENGTH, type PuddleLine } from "./puddle_lines.ts";
import type { ScanHandler } from "./scan_request.ts";

/** Longest delegation that is told, in characters of JSON: one that lists some ten topics. */
const MAX_TOLD_LENGTH = 2_500;
/** Largest file that says something of a session or an offer. */
const MAX_SENTINEL_BYTES = 4096;

const unlockedSchema = z.looseObject({ socket: z.string().max(4096) });
const pendingSchema = z.looseObject({ untilMs: z.number().int() });

/** Tells what a user's puddle is. What cannot be read is told with a reason, beside what can. */
export const readPuddleHome: ScanHandler<"puddle_read"> = async ({ home }, emit) => {
  const problems: string[] = [];
  const orElse = async <T>(work: Promise<T>, otherwise: T): Promise<T> => {
    try {
      return await work;
    } catch (error) {
      problems.push(error instanceof Error ? error.message : String(error));
      return otherwise;
    }
  };
  const publicKey = await orElse(readPublicKey(home), undefined) ?? null;
  const untilMs = (await readSentinel(puddlePaths(home).pairPending, pendingSchema))?.untilMs;
  const retired = await orElse(readRetired(home), []);
  const facts = {
    publicKey,
    unlocked: publicKey !== null && await orElse(isUnlocked(home, publicKey), false),
    pairPendingUntilMs: untilMs !== undefined && untilMs > Date.now() ? untilMs : null,
    name: await orElse(readNameClaim(home), undefined) ?? null,
    retired: retired.map(({ oldKey }) => oldKey).sort(),
    delegations: retired.filter((one) => JSON.stringify(one).length <= MAX_TOLD_LENGTH),
    problem: [...new Set(problems)].join("; ").slice(0, MAX_PROBLEM_LENGTH) || null,
  };
  await emit({ kind: "puddle", facts } satisfies PuddleLine);
};

/** Where the session of a home says that it listens; nothing if none says so. The sentinel of one that was killed stays. */
export async function findSessionPlace(home: string): Promise<SessionPlace | undefined> {
  const socket = (await readSentinel(puddlePaths(home).unlocked, unlockedSchema))?.socket;
  return socket === undefined ? undefined : placeIn(dirname(socket));
}

async function isUnlocked(home: string, publicKey: string): Promise<boolean> {
  const place = await findSessionPlace(home);
  using session = place && await PuddleSession.find(place, publicKey);
  return session !== undefined && (await session.status()).publicKey === publicKey;
}

async function readSentinel<T>(path: string, schema: z.ZodType<T>): Promise<T | undefined> {
  try {
    const rule = { what: "a sentinel", maxBytes: MAX_SENTINEL_BYTES, forbidden: OTHERS };
    const bytes = await readGuarded(path, rule);
    return bytes && schema.parse(JSON.parse(new TextDecoder().decode(bytes)));
  } catch {
    // It only points to something; what is damaged points to nothing.
    return undefined;
  }
}

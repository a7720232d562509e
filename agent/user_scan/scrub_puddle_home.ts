import { readPublicKey, readWrapped } from "../puddle/puddle_home.ts";
import { removeIdentity } from "../puddle/puddle_identity.ts";
import { PuddleSession } from "../puddle/puddle_session.ts";
import type { PuddleLine } from "./puddle_lines.ts";
import { findSessionPlace } from "./read_puddle_home.ts";
import type { ScanHandler } from "./scan_request.ts";

/** Removes a puddle from a home, after nobody holds its key in memory any more. */
export const scrubPuddleHome: ScanHandler<"puddle_scrub"> = async ({ home, publicKey }, emit) => {
  const found = await readPublicKey(home).catch(() => undefined);
  const wrapped = (await readWrapped(home).catch(() => undefined))?.wrapped.header.publicKey;
  const isMeant = publicKey === undefined || found === publicKey || wrapped === publicKey;
  if (isMeant) await endSession(home, found);
  const hadPuddle = isMeant && await removeIdentity(home);
  await emit({ kind: "scrubbed", hadPuddle } satisfies PuddleLine);
};

async function endSession(home: string, publicKey: string | undefined): Promise<void> {
  try {
    const place = await findSessionPlace(home);
    const session = place && await PuddleSession.find(place, publicKey ?? "");
    await session?.lock();
  } catch {
    // A session that does not answer ends by itself once its identity is gone.
  }
}

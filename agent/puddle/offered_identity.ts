import { handOver } from "./pairing_messages.ts";
import { readNameClaim, readRetired, readWrapped } from "./puddle_home.ts";
import { settleIdentity } from "./puddle_identity.ts";
import { PuddleAbsentError } from "./puddle_session.ts";

/** The identity of a home as it is offered to another machine. @throws {PuddleAbsentError} if there is none. */
export async function readHandedOverFrom(home: string): Promise<string> {
  await settleIdentity(home);
  const files = await readWrapped(home);
  if (!files) throw new PuddleAbsentError();
  const retired = await readRetired(home);
  const name = await readNameClaim(home);
  return handOver({ ...files, retired, ...(name ? { name } : {}) });
}

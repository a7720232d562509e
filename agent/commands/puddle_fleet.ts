import { z } from "zod";
import { puddleShow } from "../../shared/rest/puddle.ts";
import { EXIT_CODE } from "../../shared/terminal/exit_code.ts";
import { sanitize } from "../../shared/terminal/sanitize.ts";
import { UserError } from "../../shared/terminal/user_error.ts";
import type { PuddleInFleet } from "../server_link/fleet_directory.ts";
import type { LocalPuddleClient } from "../puddle/local_puddle_client.ts";

const knownSchema: z.ZodType<PuddleInFleet> = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("one"), puddle: puddleShow.answer }),
  z.object({ kind: z.enum(["none", "several", "unasked"]) }),
]);

/** What is asked of the fleet before something is signed that cannot be taken back. */
export interface FleetQuestion {
  readonly client: Pick<LocalPuddleClient, "get">;
  /** Hears what could not be asked. */
  readonly notice: (text: string) => void;
}

/**
 * Makes sure that no other puddle has claimed a name, as far as the fleet can be asked.
 *
 * @param ownKeys the keys of this puddle, those that it had among them.
 * @throws {UserError} if one has: a name that two claim means neither.
 */
export async function requireFreeName(
  { client, notice }: FleetQuestion,
  name: string,
  ownKeys: readonly string[],
): Promise<void> {
  const known = await ask(client, name);
  const taken = (who: string) =>
    new UserError(
      `Cannot claim the name "${name}": ${who}, and a name that two puddles claim means neither. Choose another one`,
      { exitCode: EXIT_CODE.refused },
    );
  if (known.kind === "several") throw taken("several puddles claim it already");
  if (known.kind === "unasked") {
    notice(
      `the fleet could not be asked whether another puddle claims "${name}"; if one does, the name means neither`,
    );
  }
  // A name may read as the first digits of a key.
  if (known.kind !== "one" || known.puddle.name !== name) return;
  const { publicKey, successor, members: [member] } = known.puddle;
  if (ownKeys.includes(publicKey) || ownKeys.includes(successor ?? "")) return;
  const where = member ? ` (of ${sanitize(member.user)} on ${sanitize(member.hostname)})` : "";
  throw taken(`the puddle ${publicKey.slice(0, 12)}${where} has claimed it`);
}

/**
 * Makes sure that the key of this machine was not replaced on another one already, as far as the fleet can be asked.
 *
 * @throws {UserError} if it was: a second successor would contest the puddle.
 */
export async function requirePresentKey(
  { client, notice }: FleetQuestion,
  publicKey: string,
): Promise<void> {
  const known = await ask(client, publicKey);
  const ifNot = "if it was, this contests the puddle and neither new key is followed";
  if (known.kind === "unasked") {
    return notice(`the fleet could not be asked whether this key was replaced elsewhere; ${ifNot}`);
  }
  if (known.kind !== "one") return;
  const { successor, contested, saidSuccessors: [said] } = known.puddle;
  if (successor !== null && !contested) {
    throw new UserError(
      `Cannot change the key: it was replaced by ${successor} already. Run "vigo swarm puddle leave" here and join from a machine that has that one. If somebody else did that with your passphrase, contest it: vigo swarm puddle rekey --without-fleet`,
      { exitCode: EXIT_CODE.refused },
    );
  }
  if (said) {
    notice(
      `${sanitize(said.hostname)} says that this key was replaced by ${
        said.publicKey.slice(0, 12)
      } there; ${ifNot}`,
    );
  }
}

/** A daemon that is away, or is of a version that knows no such question, cannot be asked. */
async function ask(
  client: Pick<LocalPuddleClient, "get">,
  reference: string,
): Promise<PuddleInFleet> {
  try {
    const answer = knownSchema.safeParse(await client.get(`/puddle/known?puddle=${reference}`));
    return answer.success ? answer.data : { kind: "unasked" };
  } catch (error) {
    if (error instanceof UserError) return { kind: "unasked" };
    throw error;
  }
}

import type { Program } from "../system/processes.ts";
import type { ApplyContext } from "./resource.ts";

/** Whom a program runs as, with the variables that a login would set; nothing for the agent's own user. */
export type Identity =
  | { readonly ok: true; readonly program: Pick<Program, "as" | "environment"> }
  | { readonly ok: false; readonly reason: string };

/** What it takes to run a program as a user of this machine. */
export async function resolveIdentity(
  user: string | undefined,
  { accounts, self }: ApplyContext,
): Promise<Identity> {
  if (user === undefined) return { ok: true, program: {} };
  const entry = await accounts.findUser(user);
  if (entry === undefined) {
    return { ok: false, reason: `there is no user "${user}" on this machine` };
  }
  if (self.uid !== 0 && self.uid !== entry.uid) {
    return { ok: false, reason: `cannot run as "${user}": the agent runs as uid ${self.uid}` };
  }
  const groups = (await accounts.groupsOf(entry.name)).map(({ gid }) => gid);
  return {
    ok: true,
    program: {
      as: { uid: entry.uid, gid: entry.gid, groups },
      environment: { HOME: entry.home, USER: entry.name, LOGNAME: entry.name, SHELL: entry.shell },
    },
  };
}

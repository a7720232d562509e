import { userInfo } from "node:os";
import { getegid, geteuid } from "node:process";
import type { RootPaths } from "../../shared/platform/root_paths.ts";
import { EXIT_CODE } from "../../shared/terminal/exit_code.ts";
import { UserError } from "../../shared/terminal/user_error.ts";
import { parsePasswd } from "../system/account_tables.ts";
import { lstatIfPresent } from "./guarded_file.ts";

/** Largest table of users that is read. */
const MAX_PASSWD_BYTES = 16 * 1024 * 1024;

/** Whose puddle it is. */
export interface Caller {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  readonly home: string;
}

/**
 * The user whom a verb works for: the one that runs it, as the root's own table of users says where there is one, else as
 * the system says. Root is nobody's puddle, so it has to name a user.
 *
 * @param named the value of `--user`.
 * @throws {UserError} if there is no such user, or the caller may not act for it.
 */
export async function findCaller(roots: RootPaths, named?: string): Promise<Caller> {
  const uid = geteuid?.() ?? 0;
  if (uid === 0 && named === undefined) {
    throw new UserError(
      "Root has no puddle: run this as the user whose puddle it is, or name one with --user",
      { exitCode: EXIT_CODE.usage },
    );
  }
  const caller = await findUser(roots, named ?? uid);
  if (caller === undefined) {
    throw new UserError(
      named === undefined
        ? `Cannot find the user with the number ${uid} among the users of ${roots.at("/")}`
        : `Cannot find user "${named}". See "getent passwd"`,
      { exitCode: EXIT_CODE.usage },
    );
  }
  if (uid !== 0 && caller.uid !== uid) {
    throw new UserError(`Cannot act for ${caller.name}: only root may name another user`, {
      exitCode: EXIT_CODE.notPermitted,
    });
  }
  return caller;
}

/** Whether this process is the caller's own; root has to become the user first, since homes are hostile to it. */
export function isCallerItself({ uid, gid }: Caller): boolean {
  return geteuid?.() === uid && (uid !== 0 || getegid?.() === gid);
}

async function findUser(roots: RootPaths, who: string | number): Promise<Caller | undefined> {
  const table = roots.at("/etc/passwd");
  const found = await lstatIfPresent(table);
  if (found !== undefined && found.size <= MAX_PASSWD_BYTES) {
    const entry = parsePasswd(await Deno.readTextFile(table))
      .find(({ name, uid }) => name === who || uid === who);
    // Homes are below the root, as everything else.
    if (entry) return { ...entry, home: roots.at(entry.home) };
    if (roots.root !== "/") return undefined;
  }
  // Users that are in no file (LDAP, say) are known to the system for their own processes alone.
  const self = userInfo();
  const isSelf = self.uid === who || self.username === who;
  return isSelf
    ? { name: self.username, uid: self.uid, gid: self.gid, home: self.homedir }
    : undefined;
}

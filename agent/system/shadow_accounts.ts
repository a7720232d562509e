import { AccountReader } from "./account_reader.ts";
import { parseGroup, parsePasswd } from "./account_tables.ts";
import type { Accounts, GroupEntry, NewUser, UserChange, UserEntry } from "./accounts.ts";
import { BlockedError } from "./blocked_error.ts";
import type { Files } from "./files.ts";
import { describeFailure, type Processes, type ProgramResult } from "./processes.ts";
import type { Secret } from "../../shared/crypto/secret.ts";

/** The account tools wait up to 15 s for their own lock. */
const TIMEOUT_MS = 60_000;
/** A directory server that does not answer must not hold a whole run. */
const LOOKUP_TIMEOUT_MS = 10_000;

/** The users of this machine: read from `/etc` and, for names that are not there, through NSS; changed by shadow-utils. */
export class ShadowAccounts implements Accounts {
  readonly #reader: AccountReader;

  constructor(files: Files, private readonly processes: Processes) {
    this.#reader = new AccountReader(files, "/etc");
  }

  async findUser(reference: string | number): Promise<UserEntry | undefined> {
    const local = await this.#reader.findUser(reference);
    return local ?? parsePasswd(await this.#lookUp("passwd", reference))[0];
  }

  async findGroup(reference: string | number): Promise<GroupEntry | undefined> {
    const local = await this.#reader.findGroup(reference);
    return local ?? parseGroup(await this.#lookUp("group", reference))[0];
  }

  findPrimaryMember(gid: number): Promise<UserEntry | undefined> {
    return this.#reader.findPrimaryMember(gid);
  }

  groupsOf(name: string): Promise<readonly GroupEntry[]> {
    return this.#reader.groupsOf(name);
  }

  passwordHash(name: string): Promise<Secret | undefined> {
    return this.#reader.passwordHash(name);
  }

  async createUser(name: string, user: NewUser): Promise<void> {
    // useradd refuses to make a group of the user's name where there is one.
    const ownGroup = await this.#reader.findGroup(name);
    const group = user.gid ?? ownGroup?.gid;
    await this.#run(`create user "${name}"`, [
      "useradd",
      ...fieldOptions({ ...user, ...(group === undefined ? {} : { gid: group }) }),
      ...(group === undefined ? ["--user-group"] : []),
      ...(user.addToGroups?.length ? ["--groups", user.addToGroups.join(",")] : []),
      user.createHome ? "--create-home" : "--no-create-home",
      ...(user.system ? ["--system"] : []),
      name,
    ]);
  }

  async changeUser(name: string, change: UserChange): Promise<void> {
    const joins = change.addToGroups?.length
      ? ["--append", "--groups", change.addToGroups.join(",")]
      : [];
    await this.#run(`change user "${name}"`, ["usermod", ...fieldOptions(change), ...joins, name]);
  }

  async deleteUser(name: string): Promise<void> {
    await this.#run(`delete user "${name}"`, ["userdel", name]);
  }

  async setPasswordHash(name: string, hash: Secret): Promise<void> {
    const stdin = `${name}:${hash.reveal()}\n`;
    await this.#run(`set the password of user "${name}"`, ["chpasswd", "--encrypted"], stdin);
  }

  async createGroup(
    name: string,
    { gid, system }: { readonly gid?: number; readonly system: boolean },
  ): Promise<void> {
    await this.#run(`create group "${name}"`, [
      "groupadd",
      ...(gid === undefined ? [] : ["--gid", String(gid)]),
      ...(system ? ["--system"] : []),
      name,
    ]);
  }

  async setGroupId(name: string, gid: number): Promise<void> {
    await this.#run(`change group "${name}"`, ["groupmod", "--gid", String(gid), name]);
  }

  async deleteGroup(name: string): Promise<void> {
    await this.#run(`delete group "${name}"`, ["groupdel", name]);
  }

  async #lookUp(table: "passwd" | "group", reference: string | number): Promise<string> {
    const result = await this.processes.run({
      argv: ["getent", table, String(reference)],
      timeoutMs: LOOKUP_TIMEOUT_MS,
    });
    if (result.end === "exited" && (result.status === 0 || result.status === 2)) {
      return result.stdout;
    }
    throw new Error(describeFailure(`Looking up "${reference}" in ${table}`, result));
  }

  async #run(
    doing: string,
    argv: readonly [string, ...string[]],
    stdin?: string,
  ): Promise<void> {
    const result = await this.processes.run({
      argv,
      timeoutMs: TIMEOUT_MS,
      ...(stdin === undefined ? {} : { stdin }),
    });
    if (result.end === "exited" && result.status === 0) return;
    const message = `Cannot ${doing}: ${describeFailure(argv[0], result)}`;
    throw isBusy(result) ? new BlockedError(message) : new Error(message);
  }
}

function fieldOptions(change: UserChange): string[] {
  const options: string[] = [];
  if (change.uid !== undefined) options.push("--uid", String(change.uid));
  if (change.gid !== undefined) options.push("--gid", String(change.gid));
  if (change.comment !== undefined) options.push("--comment", change.comment);
  if (change.home !== undefined) options.push("-d", change.home);
  if (change.shell !== undefined) options.push("--shell", change.shell);
  return options;
}

function isBusy(result: ProgramResult): boolean {
  return /cannot lock|no space left|disk quota/i.test(result.stderr);
}

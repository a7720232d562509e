import { AccountReader } from "./account_reader.ts";
import { formatGroupLine, formatPasswdLine, replaceLine } from "./account_tables.ts";
import type { Accounts, GroupEntry, NewUser, UserChange, UserEntry } from "./accounts.ts";
import type { Files } from "./files.ts";
import type { Secret } from "../../shared/crypto/secret.ts";

/** Where ids of people and of system accounts begin (UID_MIN and SYS_UID_MIN of login.defs on Debian). */
const FIRST_ID = 1000;
const FIRST_SYSTEM_ID = 100;
/** Days since 1970 and the usual limits, as useradd writes them where nothing is configured. */
const SHADOW_DEFAULTS = "19000:0:99999:7:::";

/**
 * The users of a root folder, kept in its own `etc/passwd`, `etc/group` and `etc/shadow`. The tables are rewritten whole,
 * each in one step; no program is started and no right is needed but to write there.
 */
export class TableAccounts implements Accounts {
  readonly #reader: AccountReader;

  /**
   * @param root The folder that stands for `/`; homes are below it.
   * @param owner Who owns the tables: whoever runs the agent.
   */
  constructor(
    private readonly files: Files,
    private readonly root: string,
    private readonly owner: { readonly uid: number; readonly gid: number },
  ) {
    this.#reader = new AccountReader(files, `${root}/etc`);
  }

  async findUser(reference: string | number): Promise<UserEntry | undefined> {
    const user = await this.#reader.findUser(reference);
    return user === undefined ? undefined : { ...user, home: this.#underRoot(user.home) };
  }

  findGroup(reference: string | number): Promise<GroupEntry | undefined> {
    return this.#reader.findGroup(reference);
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
    const uid = user.uid ?? await this.#freeId(user.system);
    const gid = user.gid ?? await this.#ownGroup(name, uid);
    const entry = {
      name,
      uid,
      gid,
      comment: user.comment ?? "",
      home: user.home ?? `/home/${name}`,
      shell: user.shell ?? "/bin/sh",
    };
    await this.#setLine("shadow", name, `${name}:!:${SHADOW_DEFAULTS}`);
    await this.#setLine("passwd", name, formatPasswdLine(entry));
    await this.#join(name, user.addToGroups ?? []);
    const home = this.#underRoot(entry.home);
    if (user.createHome && await this.files.inspect(home) === undefined) {
      await this.files.makeDirectory(home, 0o755, this.owner.uid === 0 ? { uid, gid } : {});
    }
  }

  async changeUser(name: string, change: UserChange): Promise<void> {
    const current = await this.#reader.findUser(name);
    if (current === undefined) throw new Error(`Cannot change user "${name}": there is none`);
    const { addToGroups, ...fields } = change;
    await this.#setLine("passwd", name, formatPasswdLine({ ...current, ...fields }));
    await this.#join(name, addToGroups ?? []);
  }

  async deleteUser(name: string): Promise<void> {
    for (const group of await this.#reader.groupsOf(name)) {
      const members = group.members.filter((member) => member !== name);
      await this.#setLine("group", group.name, formatGroupLine({ ...group, members }));
    }
    const own = await this.#reader.findGroup(name);
    const user = await this.#reader.findUser(name);
    if (own?.gid === user?.gid) await this.#setLine("group", name, undefined);
    await this.#setLine("shadow", name, undefined);
    await this.#setLine("passwd", name, undefined);
  }

  async setPasswordHash(name: string, hash: Secret): Promise<void> {
    await this.#setLine("shadow", name, `${name}:${hash.reveal()}:${SHADOW_DEFAULTS}`);
  }

  async createGroup(
    name: string,
    group: { readonly gid?: number; readonly system: boolean },
  ): Promise<void> {
    const gid = group.gid ?? await this.#freeId(group.system);
    await this.#setLine("group", name, formatGroupLine({ name, gid, members: [] }));
  }

  async setGroupId(name: string, gid: number): Promise<void> {
    const group = await this.#reader.findGroup(name);
    if (group === undefined) throw new Error(`Cannot change group "${name}": there is none`);
    await this.#setLine("group", name, formatGroupLine({ ...group, gid }));
  }

  async deleteGroup(name: string): Promise<void> {
    await this.#setLine("group", name, undefined);
  }

  #underRoot(home: string): string {
    return home === this.root || home.startsWith(`${this.root}/`) ? home : `${this.root}${home}`;
  }

  async #freeId(system: boolean): Promise<number> {
    const taken = new Set((await this.#reader.users()).map(({ uid }) => uid));
    for (const { gid } of await this.#reader.groups()) taken.add(gid);
    let id = system ? FIRST_SYSTEM_ID : FIRST_ID;
    while (taken.has(id)) id += 1;
    return id;
  }

  async #ownGroup(name: string, uid: number): Promise<number> {
    const existing = await this.#reader.findGroup(name);
    if (existing !== undefined) return existing.gid;
    const gid = await this.#reader.findGroup(uid) === undefined ? uid : await this.#freeId(false);
    await this.#setLine("group", name, formatGroupLine({ name, gid, members: [] }));
    return gid;
  }

  async #join(name: string, groups: readonly string[]): Promise<void> {
    for (const groupName of groups) {
      const group = await this.#reader.findGroup(groupName);
      if (group === undefined) {
        throw new Error(`Cannot add "${name}" to "${groupName}": no such group`);
      }
      if (group.members.includes(name)) continue;
      const members = [...group.members, name];
      await this.#setLine("group", groupName, formatGroupLine({ ...group, members }));
    }
  }

  async #setLine(
    table: "passwd" | "group" | "shadow",
    name: string,
    line: string | undefined,
  ): Promise<void> {
    const text = replaceLine(await this.#reader.text(table), name, line);
    await this.files.writeFile(`${this.root}/etc/${table}`, {
      content: new TextEncoder().encode(text),
      mode: table === "shadow" ? 0o600 : 0o644,
      ...this.owner,
    });
  }
}

import { findShadowHash, parseGroup, parsePasswd } from "./account_tables.ts";
import type { GroupEntry, UserEntry } from "./accounts.ts";
import type { Files } from "./files.ts";
import { Secret } from "../../shared/crypto/secret.ts";

/** Larger than the account files of any machine seen; a bound, so that a planted file cannot exhaust memory. */
const MAX_TABLE_BYTES = 16 * 1024 * 1024;

interface Cached<T> {
  readonly stamp: string;
  readonly entries: readonly T[];
}

/** Reads passwd(5), group(5) and shadow(5) in one folder; a table is parsed again only when its file has changed. */
export class AccountReader {
  #users: Cached<UserEntry> | undefined;
  #groups: Cached<GroupEntry> | undefined;

  /** @param folder Where the tables are: `/etc`, or `etc` under a root. */
  constructor(private readonly files: Files, private readonly folder: string) {}

  async users(): Promise<readonly UserEntry[]> {
    this.#users = await this.#refresh("passwd", this.#users, parsePasswd);
    return this.#users.entries;
  }

  async groups(): Promise<readonly GroupEntry[]> {
    this.#groups = await this.#refresh("group", this.#groups, parseGroup);
    return this.#groups.entries;
  }

  async findUser(reference: string | number): Promise<UserEntry | undefined> {
    return (await this.users()).find(({ name, uid }) => name === reference || uid === reference);
  }

  async findGroup(reference: string | number): Promise<GroupEntry | undefined> {
    return (await this.groups()).find(({ name, gid }) => name === reference || gid === reference);
  }

  async findPrimaryMember(gid: number): Promise<UserEntry | undefined> {
    return (await this.users()).find((user) => user.gid === gid);
  }

  async groupsOf(name: string): Promise<readonly GroupEntry[]> {
    return (await this.groups()).filter(({ members }) => members.includes(name));
  }

  async passwordHash(name: string): Promise<Secret | undefined> {
    const hash = findShadowHash(await this.text("shadow"), name);
    return hash === undefined ? undefined : new Secret(hash);
  }

  /** A whole table; empty if there is none. */
  async text(table: "passwd" | "group" | "shadow"): Promise<string> {
    const path = `${this.folder}/${table}`;
    if (await this.files.inspect(path) === undefined) return "";
    return new TextDecoder().decode(await this.files.read(path, MAX_TABLE_BYTES));
  }

  async #refresh<T>(
    table: "passwd" | "group",
    cached: Cached<T> | undefined,
    parse: (text: string) => readonly T[],
  ): Promise<Cached<T>> {
    const found = await this.files.inspect(`${this.folder}/${table}`);
    const stamp = found?.kind === "file" ? found.stamp : "missing";
    if (cached?.stamp === stamp) return cached;
    return { stamp, entries: parse(await this.text(table)) };
  }
}

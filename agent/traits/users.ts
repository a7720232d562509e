import type { Collector, TraitSystem } from "./collector.ts";

/** Most accounts listed; beyond it the machine is a directory server's client and the list is not its own. */
const MAX_USERS = 2_000;

/** Accounts by name: ids, home, shell and the groups that list them. */
export const users: Collector = { name: "users", kind: "stable", collect };

async function collect(system: TraitSystem, signal: AbortSignal) {
  const passwd = await system.readAccounts("passwd");
  if (passwd === undefined && system.platform === "darwin") {
    const query = (what: string) =>
      system.run(["/usr/bin/dscacheutil", "-q", what], signal).then((text) => text ?? "");
    return describe(
      parseDirectoryUsers(await query("user")),
      parseDirectoryGroups(await query("group")),
    );
  }
  if (passwd === undefined) throw new Error("there is no passwd file to read");
  return describe(parsePasswd(passwd), parseGroups(await system.readAccounts("group") ?? ""));
}

interface Account {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  readonly home: string;
  readonly shell: string;
}

interface Group {
  readonly name: string;
  readonly members: readonly string[];
}

/** @throws {Error} if there is not one account: no machine has none. */
function describe(accounts: readonly Account[], groups: readonly Group[]) {
  if (accounts.length === 0) throw new Error("the system does not tell which accounts there are");
  const groupsOf = new Map<string, string[]>();
  for (const { name, members } of groups) {
    for (const member of new Set(members)) {
      groupsOf.set(member, [...groupsOf.get(member) ?? [], name]);
    }
  }
  return Object.fromEntries(
    accounts.slice(0, MAX_USERS).map(({ name, ...account }) => [name, {
      ...account,
      groups: (groupsOf.get(name) ?? []).sort(),
    }]),
  );
}

/** Parses passwd(5); lines that are not accounts are left out. */
export function parsePasswd(text: string): readonly Account[] {
  return text.split("\n").flatMap((line) => {
    const [name, , uid, gid, , home, shell] = line.split(":");
    if (!name || name.startsWith("#") || !/^\d+$/.test(uid ?? "") || !/^\d+$/.test(gid ?? "")) {
      return [];
    }
    return [{
      name,
      uid: Number(uid),
      gid: Number(gid),
      home: home ?? "",
      shell: shell ?? "",
    }];
  });
}

function parseGroups(text: string): readonly Group[] {
  return text.split("\n").flatMap((line) => {
    const [name, , , members] = line.split(":");
    return name && members ? [{ name, members: members.split(",") }] : [];
  });
}

/** Parses `dscacheutil -q user` of macOS, which keeps people in its directory: lines of a name and a value, a blank one after each. */
export function parseDirectoryUsers(text: string): readonly Account[] {
  return parseStanzas(text).flatMap((fields) => {
    const name = fields.get("name");
    const uid = fields.get("uid") ?? "", gid = fields.get("gid") ?? "";
    if (!name || !/^-?\d{1,10}$/.test(uid) || !/^-?\d{1,10}$/.test(gid)) return [];
    return [{
      name,
      uid: Number(uid),
      gid: Number(gid),
      home: fields.get("dir") ?? "",
      shell: fields.get("shell") ?? "",
    }];
  });
}

/** Parses `dscacheutil -q group`. */
export function parseDirectoryGroups(text: string): readonly Group[] {
  return parseStanzas(text).flatMap((fields) => {
    const name = fields.get("name");
    return name ? [{ name, members: (fields.get("users") ?? "").split(" ").filter(Boolean) }] : [];
  });
}

function parseStanzas(text: string): readonly ReadonlyMap<string, string>[] {
  return text.split(/\n\s*\n/).map((stanza) =>
    new Map(
      stanza.split("\n").flatMap((line) => {
        const match = line.match(/^([a-z]+):\s?(.*)$/);
        return match?.[1] ? [[match[1], (match[2] ?? "").trim()] as const] : [];
      }),
    )
  );
}

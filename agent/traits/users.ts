import type { Collector, TraitSystem } from "./collector.ts";

/** Most accounts listed; beyond it the machine is a directory server's client and the list is not its own. */
const MAX_USERS = 2_000;

/** Accounts by name: ids, home, shell and the groups that list them. */
export const users: Collector = { name: "users", kind: "stable", collect };

async function collect(system: TraitSystem, signal: AbortSignal) {
  const passwd = await system.readAccounts("passwd");
  if (passwd === undefined && system.platform === "darwin") {
    return fromDscl(
      await system.run(
        ["/usr/bin/dscl", "-plist", ".", "-readall", "/Users", "UniqueID"],
        signal,
      ) ?? "",
    );
  }
  if (passwd === undefined) throw new Error("there is no passwd file to read");
  const groups = parseGroups(await system.readAccounts("group") ?? "");
  return Object.fromEntries(
    parsePasswd(passwd).slice(0, MAX_USERS).map(({ name, ...account }) => [name, {
      ...account,
      groups: groups.filter(({ members }) => members.includes(name)).map((group) => group.name)
        .sort(),
    }]),
  );
}

/** Parses passwd(5); lines that are not accounts are left out. */
export function parsePasswd(text: string) {
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

function parseGroups(text: string) {
  return text.split("\n").flatMap((line) => {
    const [name, , , members] = line.split(":");
    return name && members ? [{ name, members: members.split(",") }] : [];
  });
}

/** macOS keeps people in its directory; the plist names each record's keys, one record after another. */
function fromDscl(plist: string) {
  const records = [
    ...plist.matchAll(
      /dsAttrTypeStandard:RecordName<\/key>\s*<array>\s*<string>([^<]+)<[\s\S]*?dsAttrTypeStandard:UniqueID<\/key>\s*<array>\s*<string>(-?\d+)</g,
    ),
  ];
  return Object.fromEntries(
    records.slice(0, MAX_USERS).flatMap(([, name, uid]) =>
      name ? [[name, { uid: Number(uid), gid: -1, home: "", shell: "", groups: [] }]] : []
    ),
  );
}

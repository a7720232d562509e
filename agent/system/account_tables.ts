import type { GroupEntry, UserEntry } from "./accounts.ts";

/** The users of a passwd(5) file; lines that are none (NIS, comments, damage) are passed over as libc does. */
export function parsePasswd(text: string): readonly UserEntry[] {
  return text.split("\n").flatMap((line) => {
    const [name, , uidText, gidText, comment, home, shell] = line.split(":");
    const uid = parseId(uidText), gid = parseId(gidText);
    if (!name || uid === undefined || gid === undefined) return [];
    if (comment === undefined || home === undefined || shell === undefined) return [];
    return [{ name, uid, gid, comment, home, shell }];
  });
}

/** The groups of a group(5) file. */
export function parseGroup(text: string): readonly GroupEntry[] {
  return text.split("\n").flatMap((line) => {
    const [name, , gidText, members] = line.split(":");
    const gid = parseId(gidText);
    if (!name || gid === undefined || members === undefined) return [];
    return [{ name, gid, members: members.split(",").filter((member) => member !== "") }];
  });
}

/** The second field of a user's line in shadow(5). */
export function findShadowHash(text: string, name: string): string | undefined {
  const line = text.split("\n").find((line) => line.startsWith(`${name}:`));
  return line?.split(":")[1];
}

/** One line of passwd(5); the password is in shadow(5). */
export function formatPasswdLine({ name, uid, gid, comment, home, shell }: UserEntry): string {
  return [name, "x", uid, gid, comment, home, shell].join(":");
}

/** One line of group(5). */
export function formatGroupLine({ name, gid, members }: GroupEntry): string {
  return [name, "x", gid, members.join(",")].join(":");
}

/**
 * Replaces the line that belongs to `name`, appends it if there is none, or removes it if `line` is `undefined`. Every
 * other line stays as it is, order included.
 */
export function replaceLine(text: string, name: string, line: string | undefined): string {
  const lines = text.split("\n").filter((line) => line !== "");
  const index = lines.findIndex((line) => line.startsWith(`${name}:`));
  if (index === -1) {
    if (line !== undefined) lines.push(line);
  } else lines.splice(index, 1, ...(line === undefined ? [] : [line]));
  return lines.map((line) => `${line}\n`).join("");
}

function parseId(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,10}$/.test(text) ? Number(text) : undefined;
}

import type { Mounted } from "../system/mounts/mount_table.ts";

/** Restrictions of a mount: a mount that does not ask for one is not to have it. */
const RESTRICTIONS: Readonly<Record<string, string>> = {
  noexec: "exec",
  nosuid: "suid",
  nodev: "dev",
};
/** Options that bring the restrictions with them, see mount(8). */
const IMPLYING = ["user", "users", "owner", "group"];
/** Flags that a mount shows when it has them, beside the restrictions. */
const SHOWN_FLAGS = ["noatime", "relatime", "nodiratime", "sync", "dirsync"];
/** What file systems show of their parameters in a form that can be compared. */
const COMPARED_VALUES = [
  "size",
  "nr_inodes",
  "mode",
  "uid",
  "gid",
  "umask",
  "fmask",
  "dmask",
  "subvol",
];
const OCTAL = ["mode", "umask", "fmask", "dmask"];
const UNITS: Readonly<Record<string, number>> = { k: 2 ** 10, m: 2 ** 20, g: 2 ** 30, t: 2 ** 40 };

export function isBindMount(options: readonly string[]): boolean {
  return options.includes("bind") || options.includes("rbind");
}

/**
 * The options by which a mount is to be mounted again, so that it is as asked for; none if it is. Compared is what the kernel
 * shows. Whether it is writable counts only if `ro` or `rw` is asked for: a file system that was made read-only because of
 * its errors is for a person to look at.
 */
export function missingOptions(wanted: readonly string[], mounted: Mounted): readonly string[] {
  return [
    ...missingAccess(wanted, mounted),
    ...missingRestrictions(wanted, mounted),
    ...SHOWN_FLAGS.filter((flag) =>
      wanted.includes(flag) && !mounted.options.includes(flag) &&
      !mounted.superOptions.includes(flag)
    ),
    ...missingValues(wanted, mounted),
  ];
}

function missingAccess(wanted: readonly string[], mounted: Mounted): readonly string[] {
  const isReadOnly = mounted.options.includes("ro") || mounted.superOptions.includes("ro");
  if (wanted.includes("ro")) return isReadOnly ? [] : ["ro"];
  return wanted.includes("rw") && isReadOnly ? ["rw"] : [];
}

function missingRestrictions(wanted: readonly string[], mounted: Mounted): readonly string[] {
  // A bind mount keeps what the mount has that it shows.
  const isInherited = isBindMount(wanted) || wanted.some((option) => IMPLYING.includes(option));
  return Object.entries(RESTRICTIONS).flatMap(([restriction, permission]) => {
    const has = mounted.options.includes(restriction);
    if (wanted.includes(restriction)) return has ? [] : [restriction];
    return has && (!isInherited || wanted.includes(permission)) ? [permission] : [];
  });
}

function missingValues(wanted: readonly string[], { superOptions }: Mounted): readonly string[] {
  const shown = new Map(superOptions.map(splitOption));
  return wanted.filter((option) => {
    const [key, value] = splitOption(option);
    const found = shown.get(key);
    if (value === undefined || found === undefined || !COMPARED_VALUES.includes(key)) return false;
    // A share of the memory is shown as a number, and a name as its id.
    if (value.includes("%") || /^[ug]id$/.test(key) && !/^\d+$/.test(value)) return false;
    return normaliseValue(key, value) !== normaliseValue(key, found);
  });
}

function splitOption(option: string): [string, string | undefined] {
  const at = option.indexOf("=");
  return at < 0 ? [option, undefined] : [option.slice(0, at), option.slice(at + 1)];
}

function normaliseValue(key: string, value: string): string {
  if (OCTAL.includes(key)) return value.replace(/^0+(?=.)/, "");
  if (key === "subvol") return value.replace(/^\//, "");
  const size = /^(\d+)([kmgt])?$/i.exec(value);
  const [, number = "", unit = ""] = size ?? [];
  return size ? String(Number(number) * (UNITS[unit.toLowerCase()] ?? 1)) : value;
}

import type { Mounted } from "./mount_table.ts";

/**
 * The file system that is seen at a mount point: of several that lie on each other the last one.
 *
 * @param table `/proc/self/mountinfo`, see proc(5).
 */
export function findMounted(table: string, path: string): Mounted | undefined {
  let found: Mounted | undefined;
  for (const line of table.split("\n")) {
    const [mount = "", fileSystem = ""] = line.split(" - ", 2);
    const [, , , , at, options = ""] = mount.split(" ");
    if (at === undefined || unescapeField(at) !== path) continue;
    const [fstype = "", device = "", superOptions = ""] = fileSystem.split(" ");
    found = {
      device: unescapeField(device),
      fstype,
      options: options.split(","),
      superOptions: superOptions.split(",").map(unescapeField),
    };
  }
  return found;
}

/** Blanks and backslashes stand as `\040` in mountinfo and fstab(5). */
export function unescapeField(field: string): string {
  return field.replaceAll(
    /\\([0-7]{3})/g,
    (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)),
  );
}

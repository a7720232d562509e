import { BlockedError } from "../blocked_error.ts";
import { describeFailure } from "../processes.ts";
import type { ManagerCommands } from "./manager_commands.ts";

/** Fields that no name, architecture or version has a bar in; rpm, dnf and yum know both ways to write them. */
const RPM_FORMAT = "%{NAME}|%{ARCH}|%{EPOCHNUM}|%{VERSION}|%{RELEASE}\n";

/** Installed packages by name and by `name.arch`, from the database of rpm. */
export async function queryRpm(
  commands: ManagerCommands,
  names: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const result = await commands.read(["rpm", "--query", "--queryformat", RPM_FORMAT, ...names]);
  // The status counts missing packages. With a broken database all are missing, which must not be believed.
  if (/^error: /m.test(result.stderr)) {
    throw new BlockedError(
      `${describeFailure("rpm", result)}; repair its database, as with "rpm --rebuilddb"`,
    );
  }
  return parseRpmLines(result.stdout);
}

/**
 * Reads lines of name, architecture, epoch, version and release, separated by bars, into `[epoch:]version-release`. Of several
 * lines for one name the last stands.
 */
export function parseRpmLines(text: string): ReadonlyMap<string, string> {
  const versions = new Map<string, string>();
  for (const line of text.split("\n")) {
    const [name, architecture, epoch, version, release, ...rest] = line.split("|");
    if (!name || !version || !release || rest.length > 0) continue;
    const prefix = /^[1-9]\d*$/.test(epoch ?? "") ? `${epoch}:` : "";
    versions.set(`${name}.${architecture}`, `${prefix}${version}-${release}`);
    versions.set(name, `${prefix}${version}-${release}`);
  }
  return versions;
}

/** Whether a version is the one that was written; epoch and release count only where they are. */
export function isRpmVersion(installed: string, wanted: string): boolean {
  const version = wanted.includes(":") ? installed : installed.replace(/^\d+:/, "");
  return version === wanted || !wanted.includes("-") && version.replace(/-[^-]*$/, "") === wanted;
}

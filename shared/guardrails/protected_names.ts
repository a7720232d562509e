import { GlobError, parseGlob } from "../targeting/glob.ts";

/** Folders in which Vigo keeps identity, state and configuration. A change there could lock a fleet out for good. */
export const PROTECTED_FOLDERS: readonly string[] = [
  "/etc/vigo-envoy",
  "/var/lib/vigo",
  "/srv/vigo",
  "/run/vigo",
  "/library/vigo",
];

/** Where the programs are installed. */
export const PROGRAM_FOLDERS: readonly string[] = [
  "/usr/local/bin",
  "/usr/local/sbin",
  "/usr/bin",
  "/usr/sbin",
  "/bin",
  "/sbin",
  "/opt/vigo/bin",
];

/** The programs, in lower case. */
export const PROGRAMS: readonly string[] = ["vigo", "vigosrv", "vigocli"];

/** Where init systems look for units. */
export const UNIT_FOLDERS: readonly string[] = [
  "/etc/systemd/system",
  "/etc/systemd/system.control",
  "/run/systemd/system",
  "/usr/local/lib/systemd/system",
  "/usr/lib/systemd/system",
  "/lib/systemd/system",
  "/etc/init.d",
  "/etc/conf.d",
  "/etc/runlevels/default",
  "/etc/sv",
  "/etc/runit/sv",
  "/etc/runit/runsvdir/default",
  "/etc/runit/runsvdir/current",
  "/run/runit/service",
  "/etc/service",
  "/var/service",
  "/service",
  "/library/launchdaemons",
];

/** The units of Vigo, as each service manager calls them, with their drop-ins and overrides. */
export const UNIT_PATTERN =
  /^(com\.)?(vigo|vigo-envoy|vigosrv)(\.service|(\.[a-z]+)?(\.plist)?)?(\.d)?$/;

/** Whether a name is that of a service that must go on: the agent that would have to start it again. */
export function isProtectedService(written: string): boolean {
  const name = written.toLowerCase().replace(/^(system|gui\/\d+|user\/\d+)\//, "");
  const unit = name.slice(name.lastIndexOf("/") + 1);
  if (/[*?[]/.test(unit)) return ["vigo-envoy.service", "vigosrv.service"].some(globOf(unit));
  return UNIT_PATTERN.test(unit);
}

/** Whether a name is that of a package of Vigo, whatever version, architecture or tap goes with it. */
export function isProtectedPackage(written: string): boolean {
  // apt takes regular expressions too, and the one that people write is a star with a dot before it.
  const name = written.toLowerCase().replace(/^.*\//, "").replaceAll(".*", "*");
  if (/[*?[]/.test(name)) return PACKAGES.some(globOf(name));
  return PACKAGES.includes(name.replace(/[:=.@].*$|[+-]$/g, ""));
}

const PACKAGES: readonly string[] = ["vigo", "vigo-envoy", "vigosrv", "vigocli"];
/** Names of unit files as wildcards may hit them. */
const UNIT_NAMES: readonly string[] = [
  "vigo.service",
  "vigo-envoy",
  "vigo-envoy.service",
  "vigo-envoy.service.d",
  "vigosrv",
  "vigosrv.service.d",
  "vigosrv.service",
  "com.vigo-envoy.plist",
];

/** Every place that can be named in full, with its parts: taken apart once, since thousands of paths are held against them. */
const PLACES: readonly (readonly [place: string, parts: readonly string[]])[] = [
  ...PROTECTED_FOLDERS,
  ...PROGRAM_FOLDERS.flatMap((folder) => PROGRAMS.map((program) => `${folder}/${program}`)),
  ...UNIT_FOLDERS.flatMap((folder) => UNIT_NAMES.map((name) => `${folder}/${name}`)),
].map((place) => [place, place.split("/").slice(1)]);

/** Whether a pattern of `pkill` or `killall -r` hits a process of Vigo, by its name or its command line. */
export function hitsProcess(pattern: string): boolean {
  const names = ["vigo", "vigosrv", "/usr/local/bin/vigo daemon", "/usr/local/bin/vigosrv"];
  if (pattern.length > MAX_PROCESS_PATTERN_LENGTH) return /vigo/i.test(pattern);
  try {
    const wanted = new RegExp(pattern, "i");
    return names.some((name) => wanted.test(name));
  } catch (error) {
    if (error instanceof SyntaxError) return /vigo/i.test(pattern);
    throw error;
  }
}

/** Patterns of people are short; on names this short no pattern of such a length takes long. */
const MAX_PROCESS_PATTERN_LENGTH = 40;

/** Whether a file below a folder of units belongs to Vigo: the unit, a drop-in of it, or the link by which it is wanted. */
export function isProtectedUnit(folder: string, name: string): boolean {
  const above = folder.replace(/\/[^/]+\.(wants|requires)$/, "");
  return UNIT_FOLDERS.includes(above) && UNIT_PATTERN.test(name);
}

/**
 * The protected place that a path of a command reaches: in a protected folder, one of the programs or units, or, with
 * `withAncestors`, a folder above one. Wildcards are matched part by part.
 */
export function findProtectedPath(
  written: string,
  { withAncestors }: { readonly withAncestors: boolean },
): string | undefined {
  const parts = normalParts(written);
  for (const [place, placeParts] of PLACES) {
    if (reaches(parts, placeParts, withAncestors)) return place;
  }
  const name = parts.at(-1) ?? "";
  const folder = `/${parts.slice(0, -1).join("/")}`;
  return isProtectedUnit(folder, name) ? `${folder}/${name}` : undefined;
}

/**
 * One spelling for all that lead to the same place: `.`, `..` and `//` resolved, the doors of /proc and macOS removed, and
 * lower case, since some file systems do not tell cases apart and nothing else is called like this.
 */
export function comparablePath(written: string): string {
  const parts: string[] = [];
  for (const part of written.toLowerCase().split("/")) {
    if (part === "..") parts.pop();
    else if (part !== "" && part !== ".") parts.push(part);
  }
  const path = `/${parts.join("/")}`
    .replace(/^(\/proc\/[^/]+(\/task\/[^/]+)?\/(root|cwd))+(?=\/|$)/, "")
    .replace(/^\/private(?=\/(etc|var|tmp)(\/|$))/, "")
    .replace(/^\/var\/run(?=\/|$)/, "/run");
  return path === "" ? "/" : path;
}

function normalParts(written: string): readonly string[] {
  const path = comparablePath(written);
  return path === "/" ? [] : path.split("/").slice(1);
}

function reaches(
  parts: readonly string[],
  place: readonly string[],
  withAncestors: boolean,
): boolean {
  const common = Math.min(parts.length, place.length);
  for (let index = 0; index < common; index++) {
    const part = parts[index] ?? "", wanted = place[index] ?? "";
    // Below a folder a lone star is everything in it, the protected part included.
    if (part !== wanted && !(GLOB_SIGN.test(part) && globOf(part)(wanted))) return false;
  }
  return parts.length >= place.length || withAncestors;
}

const GLOB_SIGN = /[*?[\\]/;

function globOf(pattern: string): (text: string) => boolean {
  if (!GLOB_SIGN.test(pattern)) return (text) => text === pattern;
  try {
    const glob = parseGlob(pattern);
    return (text) => glob.matches(text);
  } catch (error) {
    // A shell takes what is no pattern as it is written.
    if (error instanceof GlobError) return (text) => text === pattern;
    throw error;
  }
}

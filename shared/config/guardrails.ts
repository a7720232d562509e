import type { Json } from "../canonical/canonical_json.ts";

/** A resource as the guardrails look at it: rendered, with the paths that configuration names (never those of a test root). */
export interface GuardedResource {
  readonly type: string;
  readonly name: string;
  readonly crate: string;
  readonly params: Readonly<Record<string, Json | undefined>>;
}

export type GuardrailVerdict =
  | { readonly ok: true }
  | { readonly ok: false; readonly reason: string };

/** Folders in which Vigo keeps identity, state and configuration. A resource there could lock a fleet out for good. */
const PROTECTED_FOLDERS: readonly string[] = [
  "/etc/vigo-envoy",
  "/var/lib/vigo",
  "/srv/vigo",
  "/run/vigo",
  "/library/vigo",
];
/** Where the programs are installed. */
const PROGRAM_FOLDERS: readonly string[] = [
  "/usr/local/bin",
  "/usr/local/sbin",
  "/usr/bin",
  "/usr/sbin",
  "/bin",
  "/sbin",
  "/opt/vigo/bin",
];
const PROGRAMS: readonly string[] = ["vigo", "vigosrv", "vigocli"];
/** Where init systems look for units, and the units of Vigo with their drop-ins and overrides. */
const UNIT_FOLDERS: readonly string[] = [
  "/etc/systemd/system",
  "/etc/systemd/system.control",
  "/run/systemd/system",
  "/usr/local/lib/systemd/system",
  "/usr/lib/systemd/system",
  "/lib/systemd/system",
  "/etc/init.d",
  "/etc/conf.d",
  "/library/launchdaemons",
];
const UNIT_PATTERN =
  /^(com\.)?(vigo|vigo-envoy|vigosrv)(\.service|\.plist|\.[a-z]+\.plist)?(\.d)?$/;

/** Services that no policy may stop or disable: the agent that would have to start them again. */
const PROTECTED_SERVICES: readonly string[] = ["vigo-envoy", "vigosrv"];
/** Packages that no policy may remove. */
const PROTECTED_PACKAGES: readonly string[] = ["vigo", "vigo-envoy", "vigosrv", "vigocli"];

const PATH_TYPES: readonly string[] = ["file", "directory", "symlink"];

/**
 * Whether a resource keeps its hands off what Vigo itself needs. Server and agent ask the same question: the server when
 * stacks are loaded and compiled, the agent before it applies, so that neither has to trust the other.
 *
 * Refused are paths in or above the protected folders, programs and unit files (above: replacing or removing the folder
 * takes them along), stopping or disabling Vigo's services, and removing its packages.
 */
export function checkGuardrails(resource: GuardedResource): GuardrailVerdict {
  const reason = findReason(resource);
  return reason === undefined ? { ok: true } : {
    ok: false,
    reason: `configcrate ${
      JSON.stringify(resource.crate)
    } may not have ${resource.type}:${resource.name}: ${reason}`,
  };
}

function findReason({ type, params }: GuardedResource): string | undefined {
  if (PATH_TYPES.includes(type) && typeof params.path === "string") {
    return refusePath(type, params.path, params.ensure === "absent");
  }
  if (type === "service" && typeof params.name === "string") {
    return refuseService(params.name, params);
  }
  if (type === "package" && params.ensure === "absent") return refusePackages(params.name);
  return undefined;
}

function refusePath(type: string, written: string, isRemoved: boolean): string | undefined {
  const path = comparablePath(written);
  const isFolderKept = type === "directory" && !isRemoved;
  for (const folder of PROTECTED_FOLDERS) {
    if (path === folder || path.startsWith(`${folder}/`)) {
      return `${JSON.stringify(written)} is in ${folder}, which belongs to Vigo`;
    }
    if (isAbove(path, folder) && !isFolderKept) {
      return `${JSON.stringify(written)} holds ${folder}, which belongs to Vigo`;
    }
  }
  const parts = path.split("/");
  for (let length = 2; length <= parts.length; length++) {
    const folder = parts.slice(0, length - 1).join("/");
    const name = parts[length - 1] ?? "";
    if (PROGRAM_FOLDERS.includes(folder) && PROGRAMS.includes(name)) {
      return `${JSON.stringify(written)} is a program of Vigo`;
    }
    if (UNIT_FOLDERS.includes(folder) && UNIT_PATTERN.test(name)) {
      return `${JSON.stringify(written)} is a unit file of Vigo`;
    }
  }
  const held = [...PROGRAM_FOLDERS, ...UNIT_FOLDERS].find((folder) =>
    path === folder || isAbove(path, folder)
  );
  return held !== undefined && !isFolderKept
    ? `${JSON.stringify(written)} holds programs or unit files of Vigo`
    : undefined;
}

function isAbove(path: string, folder: string): boolean {
  return path === "/" || folder.startsWith(`${path}/`);
}

/**
 * One spelling for all that lead to the same place: `.`, `..` and `//` resolved, the doors of /proc and macOS removed, and
 * lower case, since some file systems do not tell cases apart and nothing else is called like this.
 */
function comparablePath(written: string): string {
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

function refuseService(
  name: string,
  { state, enabled }: GuardedResource["params"],
): string | undefined {
  const unit = name.toLowerCase().replace(/\.service$/, "");
  if (!PROTECTED_SERVICES.includes(unit)) return undefined;
  if (state === "stopped") {
    return `stopping ${JSON.stringify(name)} would end the management of the host`;
  }
  if (enabled === false) {
    return `disabling ${JSON.stringify(name)} would end the management of the host`;
  }
  return undefined;
}

function refusePackages(names: Json | undefined): string | undefined {
  const listed = Array.isArray(names) ? names : [names];
  const found = listed.find((name) =>
    typeof name === "string" && PROTECTED_PACKAGES.includes(name.toLowerCase().replace(/:.*$/, ""))
  );
  return found === undefined
    ? undefined
    : `removing package ${JSON.stringify(found)} would end the management of the host`;
}

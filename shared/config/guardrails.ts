import type { Json } from "../canonical/canonical_json.ts";
import { judgeCommand } from "../guardrails/judge_command.ts";
import {
  comparablePath,
  isProtectedPackage,
  isProtectedService,
  isProtectedUnit,
  PROGRAM_FOLDERS,
  PROGRAMS,
  PROTECTED_FOLDERS,
  UNIT_FOLDERS,
} from "../guardrails/protected_names.ts";

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

/** Parameters that a shell, or a list of words, is run from. */
const COMMAND_PARAMETERS: readonly string[] = ["command", "onlyif", "unless", "validate"];

/** Files without which a machine knows no accounts. */
const ACCOUNT_FILES: readonly string[] = ["/etc/passwd", "/etc/shadow", "/etc/group"];

/** What the swarm brought is there to be used. */
const CAST_FILES = "/var/lib/vigo/swarm/files/";

/**
 * Whether a resource keeps its hands off what Vigo itself needs. Server and agent ask the same question: the server when
 * stacks are loaded and compiled, the agent before it applies, so that neither has to trust the other.
 *
 * Refused are paths of any type in or above the protected folders, programs and unit files (above: replacing or removing
 * the folder takes them along), stopping or disabling Vigo's services, removing its packages, and commands that would do
 * any of this. Nobody here knows what a custom executable does with its parameters, so that it is given no path in a
 * protected folder, of a program or a unit file, unless it is that of a file which the swarm brought; folders above those
 * are no more than a place to work in.
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
  if (typeof params.path === "string") {
    const reason = refusePath(params.path, keepsFolder(type, params));
    if (reason !== undefined) return reason;
  }
  if (type === "service" && typeof params.name === "string") {
    return refuseService(params.name, params);
  }
  if (type === "process" && params.ensure !== "running") {
    const reason = refuseProcess(params);
    if (reason !== undefined) return reason;
  }
  if (type === "package" && params.ensure === "absent") {
    const reason = refusePackages(params.name);
    if (reason !== undefined) return reason;
  }
  if (type === "user" && params.ensure === "absent" && isSuperuser(params)) {
    return "removing the superuser would end the management of the host";
  }
  if (ACCOUNT_FILES.includes(String(params.path)) && params.ensure === "absent") {
    return `without ${params.path} nobody could be told apart on the host`;
  }
  if (type === "custom") {
    const reason = refuseHandedPaths(params.params, "params");
    if (reason !== undefined) return reason;
  }
  return refuseCommands(params);
}

/** @param place Where the value stands, for the message. */
function refuseHandedPaths(value: Json | undefined, place: string): string | undefined {
  if (typeof value === "string") {
    const isJudged = value.startsWith("/") && !comparablePath(value).startsWith(CAST_FILES);
    const reason = isJudged ? refusePath(value, true) : undefined;
    return reason && `its "${place}" hands a path to the executable: ${reason}`;
  }
  if (typeof value !== "object" || value === null) return undefined;
  for (const [name, inner] of Object.entries(value)) {
    const reason = refuseHandedPaths(name, `${place}.${name}`) ??
      refuseHandedPaths(inner, `${place}.${name}`);
    if (reason !== undefined) return reason;
  }
  return undefined;
}

function isSuperuser({ name, uid }: GuardedResource["params"]): boolean {
  return name === "root" || uid === 0;
}

function refuseCommands(params: GuardedResource["params"]): string | undefined {
  for (const name of COMMAND_PARAMETERS) {
    const command = readCommand(params[name]);
    const folder = typeof params.cwd === "string" ? params.cwd : "";
    const verdict = command === undefined ? undefined : judgeCommand(command, folder);
    if (verdict && !verdict.ok) return `its "${name}" ${verdict.reason} (${verdict.pattern})`;
  }
  return undefined;
}

function readCommand(value: Json | undefined): string | readonly string[] | undefined {
  if (typeof value === "string") return value;
  return Array.isArray(value) ? value.filter((word) => typeof word === "string") : undefined;
}

/**
 * Whether a folder stays with all that it holds: one that is managed, one into which an archive is unpacked (the agent looks
 * at each of its names), and one of which only fstab is to say what is mounted there at the next start.
 */
function keepsFolder(type: string, { ensure }: GuardedResource["params"]): boolean {
  return type === "directory" && ensure !== "absent" || type === "archive" ||
    type === "mount" && ensure === "present";
}

function refusePath(written: string, isFolderKept: boolean): string | undefined {
  const path = comparablePath(written);
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
    if (isProtectedUnit(folder, name)) {
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

/** What hides behind a pattern or another name the agent knows by its own process. */
function refuseProcess(
  { name, pattern, ensure }: GuardedResource["params"],
): string | undefined {
  if (ensure === undefined || pattern !== undefined || typeof name !== "string") return undefined;
  return PROGRAMS.includes(name)
    ? `signals to ${JSON.stringify(name)} would end the management of the host`
    : undefined;
}

function isAbove(path: string, folder: string): boolean {
  return path === "/" || folder.startsWith(`${path}/`);
}

function refuseService(
  name: string,
  { state, enabled, masked }: GuardedResource["params"],
): string | undefined {
  if (!isProtectedService(name)) return undefined;
  if (state === "stopped") {
    return `stopping ${JSON.stringify(name)} would end the management of the host`;
  }
  if (enabled === false) {
    return `disabling ${JSON.stringify(name)} would end the management of the host`;
  }
  if (masked === true) {
    return `masking ${JSON.stringify(name)} would end the management of the host`;
  }
  return undefined;
}

function refusePackages(names: Json | undefined): string | undefined {
  const listed = Array.isArray(names) ? names : [names];
  const found = listed.find((name) => typeof name === "string" && isProtectedPackage(name));
  return found === undefined
    ? undefined
    : `removing package ${JSON.stringify(found)} would end the management of the host`;
}

import type { Collector, TraitSystem } from "./collector.ts";
import { present } from "./present.ts";
import { readOptional } from "./read_optional.ts";

/** Name, version and family of the operating system, its kernel, what starts its services, and the machine's own hostname. */
export const os: Collector = { name: "os", kind: "stable", collect };

/** Families as packages and services are managed, by the ids of os-release(5). */
const FAMILY_BY_ID: Readonly<Record<string, string>> = {
  alpine: "alpine",
  arch: "arch",
  centos: "redhat",
  debian: "debian",
  fedora: "redhat",
  rhel: "redhat",
  suse: "suse",
  opensuse: "suse",
  ubuntu: "debian",
};

/** What starts services, by the name of process 1. A container's first process is mostly none of them. */
const INIT_BY_PROCESS: Readonly<Record<string, string>> = {
  systemd: "systemd",
  "openrc-init": "openrc",
  runit: "runit",
  "s6-svscan": "s6",
  dinit: "dinit",
};

async function collect(system: TraitSystem, signal: AbortSignal) {
  const common = {
    hostname: system.hostname(),
    arch: system.architecture(),
    kernel: system.kernelRelease(),
  };
  if (system.platform === "darwin") {
    const version = (await system.run(["/usr/bin/sw_vers", "-productVersion"], signal))?.trim();
    return {
      ...common,
      name: "macOS",
      distro: "macos",
      version: version ?? "",
      codename: "",
      family: "darwin",
      type: "darwin",
      init: "launchd",
    };
  }
  const release = parseOsRelease(
    await system.readText("/etc/os-release") ?? await system.readText("/usr/lib/os-release") ?? "",
  );
  const id = release["ID"] ?? "linux";
  return present({
    ...common,
    name: release["NAME"] ?? "Linux",
    distro: id,
    version: release["VERSION_ID"] ?? "",
    codename: release["VERSION_CODENAME"] ?? "",
    family: familyOf(id, release["ID_LIKE"] ?? ""),
    type: "linux",
    init: await readInit(system),
  });
}

async function readInit(system: TraitSystem): Promise<string | undefined> {
  const known = INIT_BY_PROCESS[await readOptional(system, "/proc/1/comm") ?? ""];
  if (known !== undefined) return known;
  return (await system.list("/run/openrc")).length > 0 ? "openrc" : undefined;
}

function familyOf(id: string, idLike: string): string {
  for (const name of [id, ...idLike.split(/\s+/)]) {
    const family = FAMILY_BY_ID[name];
    if (family !== undefined) return family;
  }
  return id;
}

/** Parses os-release(5): shell assignments without expansion. */
export function parseOsRelease(text: string): Record<string, string> {
  const values: Record<string, string> = {};
  for (const line of text.split("\n")) {
    const match = line.match(/^([A-Z][A-Z0-9_]*)=(.*)$/);
    if (!match?.[1]) continue;
    const raw = (match[2] ?? "").trim();
    const quoted = raw.match(/^(["'])(.*)\1$/)?.[2];
    values[match[1]] = quoted === undefined ? raw : quoted.replace(/\\(["'$`\\])/g, "$1");
  }
  return values;
}

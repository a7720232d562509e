import type { Collector, TraitSystem } from "./collector.ts";

/** Most packages listed by name: a full desktop has about 4,000. */
const MAX_PACKAGES = 10_000;

/** Installed packages by name with their versions, and which program told. */
export const packages: Collector = { name: "packages", kind: "stable", collect };

interface PackageSource {
  readonly manager: string;
  /** A file that exists only where this manager does: without it the program is not started. */
  readonly sign: string;
  readonly command: readonly string[];
  parse(output: string): readonly (readonly [name: string, version: string])[];
}

/** One package a line, name and version parted by a tab. */
function parseTabs(output: string): readonly (readonly [string, string])[] {
  return output.split("\n").flatMap((line) => {
    const [name, version] = line.split("\t");
    return name && version ? [[name, version] as const] : [];
  });
}

/** One package a line, name and version parted by the first blank. */
function parseBlanks(output: string): readonly (readonly [string, string])[] {
  return parseTabs(output.replaceAll(/^(\S+) (\S+).*$/gm, "$1\t$2"));
}

/** `name-1.2-r0`, as apk prints; a version starts after the last dash that a digit follows, `-rN` aside. */
function parseApk(output: string): readonly (readonly [string, string])[] {
  return output.split("\n").flatMap((line) => {
    const match = line.match(/^(\S+?)-(\d[^\s-]*(?:-r\d+)?)(\s|$)/);
    return match?.[1] && match[2] ? [[match[1], match[2]] as const] : [];
  });
}

const LINUX_SOURCES: readonly PackageSource[] = [
  {
    manager: "apt",
    sign: "/var/lib/dpkg/status",
    command: ["dpkg-query", "-W", "-f", "${db:Status-Abbrev}\t${Package}\t${Version}\n"],
    parse: (output) =>
      parseTabs(output.replaceAll(/^(?!.i)[^\n]*\n/gm, "").replaceAll(/^...\t/gm, "")),
  },
  {
    manager: "rpm",
    sign: "/var/lib/rpm",
    command: ["rpm", "-qa", "--qf", "%{NAME}\t%{VERSION}-%{RELEASE}\n"],
    parse: parseTabs,
  },
  {
    manager: "rpm",
    sign: "/usr/lib/sysimage/rpm",
    command: ["rpm", "-qa", "--qf", "%{NAME}\t%{VERSION}-%{RELEASE}\n"],
    parse: parseTabs,
  },
  {
    manager: "apk",
    sign: "/lib/apk/db",
    command: ["apk", "info", "-v"],
    parse: parseApk,
  },
  {
    manager: "pacman",
    sign: "/var/lib/pacman/local",
    command: ["pacman", "-Q"],
    parse: parseBlanks,
  },
];

const DARWIN_SOURCES: readonly PackageSource[] = ["/opt/homebrew", "/usr/local/Homebrew"].map((
  prefix,
) => ({
  manager: "brew",
  sign: prefix,
  command: [
    prefix === "/opt/homebrew" ? "/opt/homebrew/bin/brew" : "/usr/local/bin/brew",
    "list",
    "--versions",
  ],
  parse: parseBlanks,
}));

async function collect(system: TraitSystem, signal: AbortSignal) {
  for (const source of system.platform === "darwin" ? DARWIN_SOURCES : LINUX_SOURCES) {
    if (!await exists(system, source.sign)) continue;
    const output = await system.run(source.command, signal);
    if (output === undefined) continue;
    const found = source.parse(output).toSorted(([a], [b]) => a < b ? -1 : 1);
    return {
      manager: source.manager,
      count: found.length,
      installed: Object.fromEntries(found.slice(0, MAX_PACKAGES)),
    };
  }
  return { manager: "", count: 0, installed: {} };
}

async function exists(system: TraitSystem, path: string): Promise<boolean> {
  if ((await system.list(path)).length > 0) return true;
  const folder = path.slice(0, path.lastIndexOf("/"));
  return (await system.list(folder)).includes(path.slice(folder.length + 1));
}

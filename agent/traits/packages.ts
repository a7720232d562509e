import { parsePacmanQuery } from "../system/packages/pacman.ts";
import type { Collector, TraitSystem } from "./collector.ts";
import { mapSome } from "./map_some.ts";

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

/**
 * Status, name, version and architecture. The second letter of the status tells what is there: `i` is installed. Packages
 * of an architecture that is not dpkg's own are named as dpkg does, `libc6:i386`.
 */
function parseDpkg(output: string): readonly (readonly [string, string])[] {
  const installed = output.split("\n").map((line) => line.split("\t"))
    .filter(([status]) => status?.[1] === "i");
  const native = installed.find(([, name]) => name === "dpkg")?.[3];
  return installed.flatMap(([, name, version, architecture]) => {
    if (!name || !version) return [];
    const isForeign = native !== undefined && architecture !== native && architecture !== "all";
    return [[isForeign ? `${name}:${architecture}` : name, version] as const];
  });
}

/** `name-1.2-r0`, as apk prints; a version starts after the last dash that a digit follows, `-rN` aside. */
function parseApk(output: string): readonly (readonly [string, string])[] {
  return output.split("\n").flatMap((line) => {
    const match = line.match(/^(\S+?)-(\d[^\s-]*(?:-r\d+)?)(\s|$)/);
    return match?.[1] && match[2] ? [[match[1], match[2]] as const] : [];
  });
}

/** Its database has moved, so that it has two signs. */
const RPM = {
  manager: "rpm",
  command: ["rpm", "-qa", "--qf", "%{NAME}\t%{VERSION}-%{RELEASE}\n"],
  parse: parseTabs,
} as const;

const LINUX_SOURCES: readonly PackageSource[] = [
  {
    manager: "apt",
    sign: "/var/lib/dpkg/status",
    command: [
      "dpkg-query",
      "-W",
      "-f",
      "${db:Status-Abbrev}\t${Package}\t${Version}\t${Architecture}\n",
    ],
    parse: parseDpkg,
  },
  { ...RPM, sign: "/var/lib/rpm" },
  { ...RPM, sign: "/usr/lib/sysimage/rpm" },
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
    parse: (output) => [...parsePacmanQuery(output)],
  },
];

/** Where Homebrew keeps what it installed: a folder for each formula, in it one for each version. It does not run as root. */
const CELLARS = ["/opt/homebrew/Cellar", "/usr/local/Cellar"];

async function collect(system: TraitSystem, signal: AbortSignal) {
  if (system.platform === "darwin") return await readCellars(system, signal);
  const silent = new Set<string>();
  for (const source of LINUX_SOURCES) {
    if (!await exists(system, source.sign)) continue;
    const output = await system.run(source.command, signal);
    if (output !== undefined) return describe(source.manager, source.parse(output));
    silent.add(source.command[0] ?? "");
  }
  if (silent.size > 0) {
    throw new Error(`there are packages, but no ${[...silent].join(" or ")} to list them`);
  }
  return describe("", []);
}

async function readCellars(system: TraitSystem, signal: AbortSignal) {
  for (const cellar of CELLARS) {
    const names = (await system.list(cellar)).filter((name) => !name.startsWith("."));
    if (names.length === 0) continue;
    const found = await mapSome(names, signal, async (name) => {
      const versions = (await system.list(`${cellar}/${name}`))
        .filter((version) => !version.startsWith("."));
      return versions.map((version) => [name, version] as const);
    });
    return describe("brew", found.flat());
  }
  return describe("", []);
}

/** Several versions of one package, such as kernels, stand in one text, parted by a comma. */
function describe(manager: string, found: readonly (readonly [name: string, version: string])[]) {
  const versions = new Map<string, Set<string>>();
  for (const [name, version] of found) {
    versions.set(name, (versions.get(name) ?? new Set()).add(version));
  }
  const sorted = [...versions].toSorted(([a], [b]) => a < b ? -1 : 1);
  return {
    manager,
    count: sorted.length,
    installed: Object.fromEntries(
      sorted.slice(0, MAX_PACKAGES).map(([name, all]) => [name, [...all].sort().join(", ")]),
    ),
  };
}

async function exists(system: TraitSystem, path: string): Promise<boolean> {
  if ((await system.list(path)).length > 0) return true;
  const folder = path.slice(0, path.lastIndexOf("/"));
  return (await system.list(folder)).includes(path.slice(folder.length + 1));
}

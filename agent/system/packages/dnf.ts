import { BlockedError } from "../blocked_error.ts";
import { describeFailure, type Processes, type ProgramResult } from "../processes.ts";
import { DnfSources } from "./dnf_sources.ts";
import { withHoldsLifted } from "./lifted_holds.ts";
import { ManagerCommands, succeeded } from "./manager_commands.ts";
import type { PackageProvider, PackageState, QueryOptions } from "./package_provider.ts";
import { queryPackages } from "./query_packages.ts";
import { isRpmVersion, parseRpmLines, queryRpm } from "./rpm_query.ts";

const DNF = ["dnf", "--quiet", "--assumeyes"] as const;
/** As rpm writes it; dnf 4 ends lines by itself, so that there are empty ones in between. */
const QUERY_FORMAT = "%{name}|%{arch}|%{epoch}|%{version}|%{release}\n";
const REPOQUERY = [
  ...DNF,
  "repoquery",
  "--latest-limit=1",
  `--queryformat=${QUERY_FORMAT}`,
] as const;
/** Also those that may be skipped: what they have must not be taken for missing. */
const ALL_SOURCES = "--setopt=*.skip_if_unavailable=0";
/** dnf 5 takes versions that a lock forbids for not there. */
const LOCKED_TOO = "--setopt=disable_excludes=*";
const REFRESH = [...DNF, ALL_SOURCES, "makecache"] as const;

/** What dnf, and yum before it, say when the machine or the sources are at fault. */
export const DNF_FAULTS: readonly RegExp[] = [
  /failed to download metadata|cannot (?:download|retrieve) |all mirrors were tried|status code: [45]\d\d/i,
  /no more mirrors to try|errors during downloading metadata|repomd\.xml/i,
  /packages from local repository have incorrect checksum/i,
  /rpmdb|rpm exception|cannot open packages|database disk image is malformed/i,
  /gpg check failed|public key .* is not (?:installed|trusted)|not signed/i,
  /another app(?:lication)? is (?:currently )?holding the yum lock|failed to (?:obtain|acquire) .*lock/i,
  /conflicting requests|nothing provides|broken dependencies/i,
];

const UNKNOWN_TO_LISTS = /unable to find a match|no match for argument|no package .* available/i;
const NO_VERSIONLOCK = /no such command: versionlock|unknown (?:command|argument) "?versionlock/i;

/** Packages of Fedora and its relatives. dnf fetches its lists again when they are old, also for a question. */
export class DnfProvider implements PackageProvider {
  readonly name = "dnf";
  readonly sources: DnfSources;
  readonly #commands: ManagerCommands;

  constructor(processes: Processes, etc: string) {
    this.#commands = new ManagerCommands(processes, "dnf", {
      faults: DNF_FAULTS,
      unknownToLists: UNKNOWN_TO_LISTS,
    });
    this.sources = new DnfSources("dnf", etc, (name) =>
      this.#commands.change([
        ...DNF,
        `--repo=${name}`,
        `--setopt=${name}.skip_if_unavailable=0`,
        "makecache",
      ]));
  }

  query(
    names: readonly string[],
    options: QueryOptions,
  ): Promise<ReadonlyMap<string, PackageState>> {
    return queryPackages(names, options, {
      installed: () => queryRpm(this.#commands, names),
      offered: (candidates, installed) => this.#candidates(names, installed, candidates),
      held: () => this.#locked(),
    });
  }

  isVersion(installed: string, wanted: string): boolean {
    return isRpmVersion(installed, wanted);
  }

  install(names: readonly string[], { version }: { version?: string }): Promise<void> {
    const wanted = names.map((name) => version === undefined ? name : `${name}-${version}`);
    return withHoldsLifted(this, names, async () => {
      const installed = await queryRpm(this.#commands, names);
      // "install" leaves an old version alone, except for one that is asked for by its number.
      const isOld = (_: string, index: number) =>
        version === undefined && installed.has(names[index] ?? "");
      const old = wanted.filter(isOld);
      const others = wanted.filter((name, index) => !isOld(name, index));
      if (others.length > 0) await this.#change("install", others);
      if (old.length > 0) await this.#change("upgrade", old);
    });
  }

  async remove(names: readonly string[]): Promise<void> {
    const doing = `remove ${names.join(", ")}`;
    await this.#commands.changeOrThrow(doing, [...DNF, "remove", ...names]);
  }

  async setHold(names: readonly string[], held: boolean): Promise<void> {
    const result = await this.#commands.change([
      ...DNF,
      "versionlock",
      held ? "add" : "delete",
      ...names,
    ]);
    if (succeeded(result)) return;
    throw this.#lockFailure(`${held ? "hold" : "unhold"} ${names.join(", ")}`, result);
  }

  async #change(verb: "install" | "upgrade", names: readonly string[]): Promise<void> {
    await this.#commands.installFresh(
      `install ${names.join(", ")}`,
      () => this.#commands.change([...DNF, verb, ...names]),
      () => this.#commands.change(REFRESH),
    );
  }

  /** Newer versions of what is installed, and the newest of what is not. */
  async #candidates(
    names: readonly string[],
    installed: ReadonlyMap<string, string>,
    candidates: "known" | "fresh",
  ): Promise<ReadonlyMap<string, string>> {
    const sources = candidates === "fresh" ? [ALL_SOURCES] : [];
    const found = new Map<string, string>();
    const ask = async (asked: readonly string[], ...options: string[]) => {
      if (asked.length === 0) return;
      const result = await this.#commands.read([...REPOQUERY, ...sources, ...options, ...asked]);
      if (!succeeded(result)) throw new BlockedError(describeFailure("dnf repoquery", result));
      for (const [name, version] of parseRpmLines(result.stdout)) found.set(name, version);
    };
    const old = names.filter((name) => installed.has(name));
    await ask(old, "--upgrades");
    await ask(names.filter((name) => !installed.has(name)));
    const newest = old.filter((name) => !found.has(name));
    const locked = newest.length === 0 ? new Set() : await this.#locked();
    await ask(newest.filter((name) => locked.has(name)), "--upgrades", LOCKED_TOO);
    return found;
  }

  async #locked(): Promise<ReadonlySet<string>> {
    const result = await this.#commands.read([...DNF, "versionlock", "list"]);
    if (succeeded(result)) return parseVersionLocks(result.stdout);
    // Without the plugin nothing can be locked.
    if (NO_VERSIONLOCK.test(result.stderr)) return new Set();
    throw this.#lockFailure("list versions that are held", result);
  }

  #lockFailure(doing: string, result: ProgramResult): Error {
    return NO_VERSIONLOCK.test(result.stderr)
      ? new Error(`Cannot ${doing}: install the package python3-dnf-plugin-versionlock first`)
      : this.#commands.failure(doing, result);
  }
}

/**
 * Names from `versionlock list`: dnf 4 prints patterns like `nginx-1:1.20.1-14.el9.*`, and `!` in front of what is excluded;
 * dnf 5 a line `Package name: nginx` for each.
 */
export function parseVersionLocks(text: string): ReadonlySet<string> {
  const names = new Set<string>();
  for (const line of text.split("\n")) {
    const name = /^Package name: (\S+)$/.exec(line)?.[1] ??
      /^([^!#\s]\S*)-(?:\d+:)?[^-\s]+-[^-\s]+$/.exec(line)?.[1];
    if (name !== undefined) names.add(name);
  }
  return names;
}

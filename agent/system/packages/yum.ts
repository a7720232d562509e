import { BlockedError } from "../blocked_error.ts";
import { describeFailure, type Processes } from "../processes.ts";
import { DNF_FAULTS } from "./dnf.ts";
import { DnfSources } from "./dnf_sources.ts";
import { withHoldsLifted } from "./lifted_holds.ts";
import { ManagerCommands, succeeded } from "./manager_commands.ts";
import type { PackageProvider, PackageState, QueryOptions } from "./package_provider.ts";
import { queryPackages } from "./query_packages.ts";
import { isRpmVersion, queryRpm } from "./rpm_query.ts";

const YUM = ["yum", "--quiet", "--assumeyes"] as const;
const REFRESH = [...YUM, "--setopt=*.skip_if_unavailable=0", "makecache", "fast"] as const;
const UNKNOWN_TO_LISTS = /no package .* available|nothing to do/i;
const NOTHING_LISTED = /no matching packages to list/i;
const NO_VERSIONLOCK = /no such command: versionlock/i;
/** The plugin hides every version of a locked package but the locked one, as if there were none. */
const LOCKED_TOO = "--disableplugin=versionlock";

/** Packages of older relatives of Red Hat, whose yum is not dnf by another name. */
export class YumProvider implements PackageProvider {
  readonly name = "yum";
  readonly sources: DnfSources;
  readonly #commands: ManagerCommands;

  constructor(processes: Processes, etc: string) {
    this.#commands = new ManagerCommands(processes, "yum", {
      faults: DNF_FAULTS,
      unknownToLists: UNKNOWN_TO_LISTS,
    });
    this.sources = new DnfSources("yum", etc, (name) =>
      this.#commands.change([
        ...YUM,
        "--disablerepo=*",
        `--enablerepo=${name}`,
        `--setopt=${name}.skip_if_unavailable=0`,
        "makecache",
        "fast",
      ]));
  }

  query(
    names: readonly string[],
    options: QueryOptions,
  ): Promise<ReadonlyMap<string, PackageState>> {
    return queryPackages(names, options, {
      installed: () => queryRpm(this.#commands, names),
      offered: () => this.#candidates(names),
      held: () => this.#locked(),
    });
  }

  isVersion(installed: string, wanted: string): boolean {
    return isRpmVersion(installed, wanted);
  }

  install(names: readonly string[], { version }: { version?: string }): Promise<void> {
    const wanted = names.map((name) => version === undefined ? name : `${name}-${version}`);
    return withHoldsLifted(this, names, async () => {
      await this.#commands.installFresh(
        `install ${wanted.join(", ")}`,
        () => this.#commands.change([...YUM, "install", ...wanted]),
        () => this.#commands.change(REFRESH),
      );
      if (version === undefined) return;
      const installed = await queryRpm(this.#commands, names);
      const isThere = names.every((name) => isRpmVersion(installed.get(name) ?? "", version));
      if (isThere) return;
      // "install" says nothing of a newer version that is there, and succeeds.
      const doing = `downgrade to ${wanted.join(", ")}`;
      await this.#commands.changeOrThrow(doing, [...YUM, "downgrade", ...wanted]);
    });
  }

  async remove(names: readonly string[]): Promise<void> {
    const doing = `remove ${names.join(", ")}`;
    await this.#commands.changeOrThrow(doing, [...YUM, "remove", ...names]);
  }

  async setHold(names: readonly string[], held: boolean): Promise<void> {
    const doing = `${held ? "hold" : "unhold"} ${names.join(", ")}`;
    const patterns = held ? names : names.map((name) => `*:${name}-*`);
    const result = await this.#commands.change([
      ...YUM,
      "versionlock",
      held ? "add" : "delete",
      ...patterns,
    ]);
    if (succeeded(result)) return;
    throw NO_VERSIONLOCK.test(result.stderr)
      ? new Error(`Cannot ${doing}: install the package yum-plugin-versionlock first`)
      : this.#commands.failure(doing, result);
  }

  async #candidates(names: readonly string[]): Promise<ReadonlyMap<string, string>> {
    const result = await this.#commands.read([...YUM, LOCKED_TOO, "list", ...names]);
    if (succeeded(result) || NOTHING_LISTED.test(result.stderr)) {
      return parseYumList(result.stdout);
    }
    throw new BlockedError(describeFailure("yum list", result));
  }

  async #locked(): Promise<ReadonlySet<string>> {
    const result = await this.#commands.read([...YUM, "versionlock", "list"]);
    if (succeeded(result)) return parseYumLocks(result.stdout);
    if (NO_VERSIONLOCK.test(result.stderr)) return new Set();
    throw this.#commands.failure("list versions that are held", result);
  }
}

/**
 * Newest versions from `yum list`, by name and by `name.arch`. It has a section for what is installed and then one for what is
 * newer, and breaks lines that do not fit 80 columns: what was moved to the next line is indented.
 */
export function parseYumList(text: string): ReadonlyMap<string, string> {
  const versions = new Map<string, string>();
  for (const line of text.replaceAll(/\n[ \t]+/g, " ").split("\n")) {
    const [, name, architecture, version] =
      /^([A-Za-z0-9][^\s]*)\.([a-z0-9_]+) +((?:\d+:)?[^\s:]+-[^\s-]+) +@?\S+ *$/.exec(line) ?? [];
    if (name === undefined || version === undefined) continue;
    const plain = version.replace(/^0:/, "");
    versions.set(name, plain);
    versions.set(`${name}.${architecture}`, plain);
  }
  return versions;
}

/** Names from `yum versionlock list`, whose lines are like `0:nginx-1.20.1-10.el7.*`. */
export function parseYumLocks(text: string): ReadonlySet<string> {
  const found = text.matchAll(/^(?:\d+):(\S+)-[^-\s]+-[^-\s]+$/gm);
  return new Set([...found].map(([, name = ""]) => name));
}

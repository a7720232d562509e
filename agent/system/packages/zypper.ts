import { BlockedError } from "../blocked_error.ts";
import { describeFailure, type Processes, type ProgramResult } from "../processes.ts";
import { withHoldsLifted } from "./lifted_holds.ts";
import { ManagerCommands, succeeded } from "./manager_commands.ts";
import type { PackageProvider, PackageState, QueryOptions } from "./package_provider.ts";
import { queryPackages } from "./query_packages.ts";
import { isRpmVersion, queryRpm } from "./rpm_query.ts";
import { ZypperSources } from "./zypper_sources.ts";

const ZYPPER = ["zypper", "--non-interactive", "--quiet"] as const;
/** How long another zypper is waited for, in seconds. */
const LOCK_TIMEOUT = "60";

/** ZYPPER_EXIT_INF_…: a reboot, a restart of zypper itself, or a script of a package that only complained. */
const DONE_WITH_A_NOTE: ReadonlySet<number> = new Set([102, 103, 107]);

const FAULTS: readonly RegExp[] = [
  /system management is locked/i,
  /valid metadata not found|problem retrieving|could not refresh|skipping repository/i,
  /download .*failed|file .* not found on medium|signature verification failed|not signed/i,
  /rpm ?db|failed to cache rpm database|target initialization failed/i,
  /nothing provides/i,
];

const UNKNOWN_TO_LISTS = /no provider of .* found|not found in package names|not found on medium/i;

/** Packages of SUSE. zypper refreshes its lists by itself when something is installed. */
export class ZypperProvider implements PackageProvider {
  readonly name = "zypper";
  readonly sources: ZypperSources;
  readonly #commands: ManagerCommands;

  constructor(processes: Processes, etc: string) {
    this.#commands = new ManagerCommands(processes, "zypper", {
      environment: { ZYPP_LOCK_TIMEOUT: LOCK_TIMEOUT },
      faults: FAULTS,
      unknownToLists: UNKNOWN_TO_LISTS,
    });
    this.sources = new ZypperSources(etc, (argv) => this.#commands.change(argv));
  }

  query(
    names: readonly string[],
    options: QueryOptions,
  ): Promise<ReadonlyMap<string, PackageState>> {
    return queryPackages(names, options, {
      installed: () => queryRpm(this.#commands, names),
      offered: (candidates) => this.#candidates(names, candidates),
      held: () => this.#locked(),
    });
  }

  isVersion(installed: string, wanted: string): boolean {
    return isRpmVersion(installed, wanted);
  }

  install(names: readonly string[], { version }: { version?: string }): Promise<void> {
    const wanted = names.map((name) => version === undefined ? name : `${name}=${version}`);
    const options = version === undefined ? [] : ["--oldpackage"];
    return withHoldsLifted(this, names, () =>
      this.#commands.installFresh(
        `install ${wanted.join(", ")}`,
        () => this.#change(["install", "--auto-agree-with-licenses", ...options, ...wanted]),
        () => this.#change(["refresh"]),
      ));
  }

  async remove(names: readonly string[]): Promise<void> {
    const result = await this.#change(["remove", ...names]);
    if (!succeeded(result)) throw this.#commands.failure(`remove ${names.join(", ")}`, result);
  }

  async setHold(names: readonly string[], held: boolean): Promise<void> {
    const result = await this.#change([held ? "addlock" : "removelock", ...names]);
    if (succeeded(result)) return;
    throw this.#commands.failure(`${held ? "hold" : "unhold"} ${names.join(", ")}`, result);
  }

  async #change(args: readonly string[]): Promise<ProgramResult> {
    const result = await this.#commands.change([...ZYPPER, ...args]);
    return DONE_WITH_A_NOTE.has(result.status) ? { ...result, status: 0 } : result;
  }

  async #candidates(
    names: readonly string[],
    candidates: "known" | "fresh",
  ): Promise<ReadonlyMap<string, string>> {
    const options = candidates === "known" ? ["--no-refresh"] : [];
    const result = await this.#commands.read([...ZYPPER, ...options, "info", ...names]);
    // Old lists that could not be refreshed are an answer to other questions than this one.
    const isStale = candidates === "fresh" && FAULTS.some((fault) => fault.test(result.stderr));
    if (!succeeded(result) || isStale) {
      throw new BlockedError(describeFailure("zypper info", result));
    }
    return parseZypperInfo(result.stdout);
  }

  async #locked(): Promise<ReadonlySet<string>> {
    const result = await this.#commands.read([...ZYPPER, "locks"]);
    if (!succeeded(result)) throw this.#commands.failure("list what is held", result);
    return parseZypperLocks(result.stdout);
  }
}

/** Versions by name from `zypper info`: of the candidate, which is the newest that could be installed. */
export function parseZypperInfo(text: string): ReadonlyMap<string, string> {
  const versions = new Map<string, string>();
  let name: string | undefined;
  for (const line of text.split("\n")) {
    const [, field, value] = /^(Name|Version) *: (\S+)$/.exec(line) ?? [];
    if (field === "Name") name = value;
    else if (name !== undefined && value !== undefined) versions.set(name, value);
  }
  return versions;
}

/** Names from the table of `zypper locks`. */
export function parseZypperLocks(text: string): ReadonlySet<string> {
  const rows = text.matchAll(/^\s*\d+ *\| *(\S+) *\| *package\b/gm);
  return new Set([...rows].map(([, name = ""]) => name));
}

import { z } from "zod";
import { BlockedError } from "../blocked_error.ts";
import { describeFailure, type Processes, type ProgramResult, type RunAs } from "../processes.ts";
import { withHoldsLifted } from "./lifted_holds.ts";
import { ManagerCommands, type ManagerOptions, succeeded } from "./manager_commands.ts";
import type { PackageProvider, PackageState, QueryOptions } from "./package_provider.ts";
import { queryPackages } from "./query_packages.ts";

const ENVIRONMENT = {
  NONINTERACTIVE: "1",
  HOMEBREW_NO_ANALYTICS: "1",
  HOMEBREW_NO_AUTO_UPDATE: "1",
  HOMEBREW_NO_ENV_HINTS: "1",
  HOMEBREW_NO_COLOR: "1",
  HOMEBREW_NO_EMOJI: "1",
};

const FAULTS: readonly RegExp[] = [
  /another active homebrew|already locked|has already locked/i,
  /failed to download|download failed|curl: \(\d+\)|git fetch.*failed|sha256 mismatch/i,
  /permission denied|not writable|from untrusted tap/i,
];

const UNKNOWN_TO_LISTS =
  /no available (?:formula|cask)|no formulae or casks found|download failed/i;
const NOT_INSTALLED =
  /^Error: (?:No such keg: |Cask '.*' is not installed|Cask '.*' is unavailable)/;

/** Who Homebrew belongs to, and where. It refuses to run as root, whoever asks. */
export interface BrewOwner {
  /** Its program, by which it finds everything else. */
  readonly program: string;
  readonly user: string;
  readonly home: string;
  /** Absent if the agent is that user itself. */
  readonly as?: RunAs;
}

/** Formulae and casks of Homebrew. */
export class BrewProvider implements PackageProvider {
  readonly name = "brew";
  readonly cannotChooseVersion =
    "brew has one version of each formula: name a versioned one, like postgresql@16";
  readonly #commands: ManagerCommands;

  constructor(
    processes: Processes,
    private readonly owner: BrewOwner,
    options: Pick<ManagerOptions, "nowMs"> = {},
  ) {
    const folder = owner.program.slice(0, owner.program.lastIndexOf("/"));
    this.#commands = new ManagerCommands(processes, "brew", {
      ...options,
      environment: {
        ...ENVIRONMENT,
        HOME: owner.home,
        USER: owner.user,
        LOGNAME: owner.user,
        PATH: `${folder}:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin`,
      },
      faults: FAULTS,
      unknownToLists: UNKNOWN_TO_LISTS,
      ...(owner.as === undefined ? {} : { as: owner.as }),
    });
  }

  async query(
    names: readonly string[],
    options: QueryOptions,
  ): Promise<ReadonlyMap<string, PackageState>> {
    if (options.candidates === "fresh") {
      await this.#commands.refreshOldLists(() => this.#change(["update"]));
    }
    return await queryPackages(names, options, {
      installed: () => this.#installed(names),
      offered: () => this.#candidates(names),
      held: () => this.#pinned(names),
    });
  }

  isVersion(installed: string, wanted: string): boolean {
    return installed === wanted;
  }

  install(names: readonly string[]): Promise<void> {
    return withHoldsLifted(this, names, async () => {
      const installed = await this.#installed(names);
      for (const verb of ["install", "upgrade"]) {
        const asked = names.filter((name) => installed.has(name) === (verb === "upgrade"));
        if (asked.length === 0) continue;
        await this.#commands.installFresh(
          `install ${asked.join(", ")}`,
          () => this.#change([verb, ...asked]),
          () => this.#change(["update"]),
        );
      }
    });
  }

  async remove(names: readonly string[]): Promise<void> {
    const result = await this.#change(["uninstall", ...names]);
    if (!succeeded(result)) throw this.#commands.failure(`remove ${names.join(", ")}`, result);
  }

  async setHold(names: readonly string[], held: boolean): Promise<void> {
    const verb = held ? "pin" : "unpin";
    const result = await this.#change([verb, ...names]);
    if (!succeeded(result)) throw this.#commands.failure(`${verb} ${names.join(", ")}`, result);
  }

  /** Formulae first, and what is none of them among the casks. */
  async #installed(names: readonly string[]): Promise<ReadonlyMap<string, string>> {
    const formulae = parseBrewVersions(await this.#list(["--formula", ...names]), names);
    const others = names.filter((name) => !formulae.has(name));
    if (others.length === 0) return formulae;
    const casks = parseBrewVersions(await this.#list(["--cask", ...others]), others);
    return new Map([...formulae, ...casks]);
  }

  /** Status 1 says that some are not installed; what else is wrong is said aloud. */
  async #list(args: readonly string[]): Promise<string> {
    const result = await this.#read(["list", "--versions", ...args]);
    const errors = result.stderr.split("\n").filter((line) => line.startsWith("Error: "));
    if (errors.every((line) => NOT_INSTALLED.test(line))) return result.stdout;
    throw new BlockedError(describeFailure("brew list", result));
  }

  /** One question for all of them; where one is not known, one for each. */
  async #candidates(names: readonly string[]): Promise<ReadonlyMap<string, string>> {
    const result = await this.#read(["info", "--json=v2", ...names]);
    if (succeeded(result)) return parseBrewInfo(result.stdout, names);
    if (!UNKNOWN_TO_LISTS.test(result.stderr)) {
      throw new BlockedError(describeFailure("brew info", result));
    }
    if (names.length <= 1) return new Map();
    const found = new Map<string, string>();
    for (const name of names) {
      for (const [key, version] of await this.#candidates([name])) found.set(key, version);
    }
    return found;
  }

  async #pinned(names: readonly string[]): Promise<ReadonlySet<string>> {
    const result = await this.#read(["list", "--pinned"]);
    if (!succeeded(result)) throw new BlockedError(describeFailure("brew list", result));
    const pinned = new Set(result.stdout.split("\n").map((line) => line.split(" ")[0]));
    return new Set(names.filter((name) => pinned.has(shortName(name))));
  }

  #read(args: readonly string[]): Promise<ProgramResult> {
    return this.#commands.read([this.owner.program, ...args]);
  }

  #change(args: readonly string[]): Promise<ProgramResult> {
    return this.#commands.change([this.owner.program, ...args]);
  }
}

/** Without the tap: `user/tap/formula` is known as `formula` once it is installed. */
function shortName(name: string): string {
  return name.slice(name.lastIndexOf("/") + 1);
}

/** Lines of a name and the versions that are there, of which the last is the newest. */
export function parseBrewVersions(
  text: string,
  names: readonly string[],
): ReadonlyMap<string, string> {
  const versions = new Map<string, string>();
  for (const line of text.split("\n")) {
    const [found, ...there] = line.split(" ").filter((word) => word !== "");
    const newest = there.at(-1);
    if (found === undefined || newest === undefined) continue;
    for (const name of names) if (shortName(name) === found) versions.set(name, newest);
  }
  return versions;
}

const infoSchema = z.object({
  formulae: z.array(z.object({
    name: z.string(),
    versions: z.object({ stable: z.string().nullable() }),
    revision: z.number().int().default(0),
    installed: z.array(z.object({ version: z.string() })).default([]),
    outdated: z.boolean().default(false),
  })).default([]),
  casks: z.array(z.object({
    token: z.string(),
    version: z.string(),
    installed: z.string().nullable().default(null),
    outdated: z.boolean().default(false),
  })).default([]),
});

/**
 * Newest versions from `brew info --json=v2`; what brew itself does not call outdated is the newest. Aliases have another
 * name in the answer, so that an answer to one name is that name's.
 */
export function parseBrewInfo(text: string, names: readonly string[]): ReadonlyMap<string, string> {
  const versions = new Map<string, string>();
  const info = parseInfo(text);
  const only = names.length === 1 ? names[0] : undefined;
  const put = (found: string, version: string | undefined) => {
    if (version === undefined) return;
    const asked = names.filter((name) => shortName(name) === found);
    for (const name of only === undefined ? asked : [only]) versions.set(name, version);
  };
  for (const { name, versions: { stable }, revision, installed, outdated } of info.formulae) {
    const newest = stable === null ? undefined : revision > 0 ? `${stable}_${revision}` : stable;
    put(name, outdated ? newest : installed.at(-1)?.version ?? newest);
  }
  for (const { token, version, installed, outdated } of info.casks) {
    put(token, outdated ? version : installed ?? version);
  }
  return versions;
}

function parseInfo(text: string): z.infer<typeof infoSchema> {
  try {
    return infoSchema.parse(JSON.parse(text));
  } catch (error) {
    throw new BlockedError("brew info answered with something that is no description", {
      cause: error,
    });
  }
}

import { BlockedError } from "../blocked_error.ts";
import { describeFailure, type Processes } from "../processes.ts";
import { ManagerCommands, succeeded } from "./manager_commands.ts";
import type { PackageProvider, PackageState, QueryOptions } from "./package_provider.ts";
import { queryPackages } from "./query_packages.ts";

const PACMAN = ["pacman", "--noconfirm", "--color=never"] as const;
const REFRESH = [...PACMAN, "--sync", "--refresh"] as const;

const FAULTS: readonly RegExp[] = [
  /unable to lock database/i,
  /failed retrieving file|failed to synchronize|download library error|no usable package repositor/i,
  /invalid or corrupted (?:database|package)|unknown trust|could not be looked up remotely/i,
];

const UNKNOWN_TO_LISTS = /target not found|failed retrieving file/i;
const NOT_FOUND = /^error: package '.*' was not found$/;

/**
 * Packages of Arch. The lists are fetched when a package is missing in them or gone from the mirror, and at no other time:
 * what is newest is what the last refresh saw, since new lists without a full upgrade mix old packages with new ones.
 */
export class PacmanProvider implements PackageProvider {
  readonly name = "pacman";
  readonly cannotHold =
    "pacman reads what is held from IgnorePkg in /etc/pacman.conf: set it there with a resource for the file";
  readonly cannotChooseVersion = "pacman has one version of each package";
  readonly #commands: ManagerCommands;

  constructor(processes: Processes) {
    this.#commands = new ManagerCommands(processes, "pacman", {
      faults: FAULTS,
      unknownToLists: UNKNOWN_TO_LISTS,
    });
  }

  query(
    names: readonly string[],
    options: QueryOptions,
  ): Promise<ReadonlyMap<string, PackageState>> {
    return queryPackages(names, options, {
      installed: async () => parsePacmanQuery(await this.#ask("--query", names)),
      offered: async () => parsePacmanInfo(await this.#ask("--sync", ["--info", ...names])),
      held: () => this.#ignored(names),
    });
  }

  isVersion(installed: string, wanted: string): boolean {
    return installed === wanted;
  }

  async install(names: readonly string[], { version }: { version?: string }): Promise<void> {
    const wanted = names.map((name) => version === undefined ? name : `${name}=${version}`);
    const options = ["--sync", "--needed", "--noprogressbar"];
    await this.#commands.installFresh(
      `install ${wanted.join(", ")}`,
      () => this.#commands.change([...PACMAN, ...options, ...wanted]),
      () => this.#commands.change(REFRESH),
    );
  }

  async remove(names: readonly string[]): Promise<void> {
    const doing = `remove ${names.join(", ")}`;
    const argv = [...PACMAN, "--remove", "--noprogressbar", ...names] as const;
    await this.#commands.changeOrThrow(doing, argv);
  }

  setHold(): Promise<void> {
    return Promise.reject(new Error(this.cannotHold));
  }

  /** Status 1 says that some package is not known; any other error is one. */
  async #ask(verb: "--query" | "--sync", args: readonly string[]): Promise<string> {
    const result = await this.#commands.read([...PACMAN, verb, ...args]);
    const errors = result.stderr.split("\n").filter((line) => line.startsWith("error: "));
    if (errors.every((line) => NOT_FOUND.test(line))) return result.stdout;
    throw new BlockedError(describeFailure(`pacman ${verb}`, result));
  }

  async #ignored(names: readonly string[]): Promise<ReadonlySet<string>> {
    const result = await this.#commands.read(["pacman-conf", "IgnorePkg"]);
    if (!succeeded(result)) throw new BlockedError(describeFailure("pacman-conf", result));
    const patterns = result.stdout.split("\n").filter((line) => line !== "");
    return new Set(names.filter((name) => patterns.some((pattern) => matches(name, pattern))));
  }
}

/** Lines like `nginx 1.26.0-1`. */
export function parsePacmanQuery(text: string): ReadonlyMap<string, string> {
  const lines = text.matchAll(/^(\S+) (\S+)$/gm);
  return new Map([...lines].map(([, name = "", version = ""]) => [name, version]));
}

/** Versions by name from `pacman -Si`; of several repositories the first counts, as it does for an installation. */
export function parsePacmanInfo(text: string): ReadonlyMap<string, string> {
  const versions = new Map<string, string>();
  let name: string | undefined;
  for (const line of text.split("\n")) {
    const [, field, value] = /^(Name|Version) *: (\S+)$/.exec(line) ?? [];
    if (field === "Name") name = value;
    else if (name !== undefined && value !== undefined && !versions.has(name)) {
      versions.set(name, value);
    }
  }
  return versions;
}

/** fnmatch(3) as far as package names need it. */
function matches(name: string, pattern: string): boolean {
  const source = pattern.replaceAll(/[.+^${}()|[\]\\]/g, "\\$&").replaceAll("*", ".*")
    .replaceAll("?", ".");
  return new RegExp(`^${source}$`).test(name);
}

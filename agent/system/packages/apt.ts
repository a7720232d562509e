import { BlockedError } from "../blocked_error.ts";
import { describeFailure, type Processes, type ProgramResult } from "../processes.ts";
import {
  parseAptPolicy,
  parseBrokenPackages,
  parseDpkgQuery,
  parseRemovals,
} from "./apt_output.ts";
import { AptSources } from "./apt_sources.ts";
import { ManagerCommands, type ManagerOptions, succeeded } from "./manager_commands.ts";
import type { PackageProvider, PackageState, QueryOptions } from "./package_provider.ts";

const ENVIRONMENT = {
  DEBIAN_FRONTEND: "noninteractive",
  // Both would ask, or restart services behind the policy's back.
  APT_LISTCHANGES_FRONTEND: "none",
  NEEDRESTART_MODE: "l",
  // As the options for dpkg below, for packages that keep their configuration with ucf(1).
  UCF_FORCE_CONFFOLD: "1",
};

const APT_GET = [
  "apt-get",
  "--quiet",
  "--yes",
  // Another run of apt (unattended-upgrades) is waited for, in seconds.
  "--option=DPkg::Lock::Timeout=60",
  // Configuration files that were changed stay: files are resources of their own.
  "--option=Dpkg::Options::=--force-confdef",
  "--option=Dpkg::Options::=--force-confold",
] as const;

const UPDATE = ["update", "--option=APT::Update::Error-Mode=any"] as const;

const DPKG_FORMAT =
  "${Package}\t${Architecture}\t${db:Status-Want}\t${db:Status-Status}\t${Version}\n";

const FAULTS: readonly RegExp[] = [
  /could not get lock|unable to (?:acquire|lock)|is another process using it|lock was locked by/i,
  /failed to fetch|unable to fetch|hash sum mismatch|404 +not found/i,
  /is not signed|signatures? (?:couldn't be verified|were invalid)|no longer has a release file/i,
  /list of sources could not be read|malformed (?:entry|line)|does not have a release file/i,
  /unmet dependencies|held broken packages|dpkg was interrupted/i,
];

const UNKNOWN_TO_LISTS =
  /unable to locate package|has no installation candidate|version .* was not found|404 +not found/i;
const NEEDS_REMOVAL = /remove is disabled/i;
const INTERRUPTED = /dpkg was interrupted/i;
const BROKEN_DEPENDENCIES = /fix-broken install/i;

/**
 * Debian's packages. Candidates are read from the lists that are on the machine; they are refreshed when a package is
 * missing in them, or gone from the server, and once a day for `latest`. What an interrupted dpkg left half done is finished
 * first.
 */
export class AptProvider implements PackageProvider {
  readonly name = "apt";
  readonly sources: AptSources;
  readonly #commands: ManagerCommands;

  constructor(processes: Processes, etc: string, options: Pick<ManagerOptions, "nowMs"> = {}) {
    this.#commands = new ManagerCommands(processes, "apt", {
      ...options,
      environment: ENVIRONMENT,
      faults: FAULTS,
      unknownToLists: UNKNOWN_TO_LISTS,
    });
    this.sources = new AptSources(etc, (options) => this.#change([...UPDATE, ...options]));
  }

  async query(
    names: readonly string[],
    { candidates }: QueryOptions,
  ): Promise<ReadonlyMap<string, PackageState>> {
    if (candidates === "fresh") await this.#commands.refreshOldLists(() => this.#change(UPDATE));
    const show = ["dpkg-query", "--show", `--showformat=${DPKG_FORMAT}`] as const;
    const installed = await this.#commands.read([...show, ...names]);
    // Status 1 says that some package is not known, which is an answer.
    if (installed.status > 1) throw new BlockedError(describeFailure("dpkg-query", installed));
    const known = parseDpkgQuery(installed.stdout);
    const offered = candidates === "none"
      ? new Map<string, string>()
      : parseAptPolicy((await this.#commands.read(["apt-cache", "policy", ...names])).stdout);
    return new Map(names.map((name) => {
      const candidate = offered.get(name);
      return [name, {
        ...(known.get(name) ?? { held: false }),
        ...(candidate === undefined ? {} : { candidate }),
      }];
    }));
  }

  isVersion(installed: string, wanted: string): boolean {
    return installed === wanted;
  }

  async install(names: readonly string[], { version }: { version?: string }): Promise<void> {
    const wanted = names.map((name) => version === undefined ? name : `${name}=${version}`);
    const options = version === undefined ? [] : ["--allow-downgrades"];
    const install = [
      "install",
      "--allow-change-held-packages",
      // What has to go for it is for the policy to say.
      "--no-remove",
      ...options,
      ...wanted,
    ];
    await this.#commands.installFresh(
      `install ${wanted.join(", ")}`,
      async () => refuseRemovals(blockOnOthers(await this.#change(install), names), names),
      () => this.#change(UPDATE),
    );
  }

  async remove(names: readonly string[]): Promise<void> {
    const result = await this.#change(["remove", "--allow-change-held-packages", ...names]);
    if (succeeded(result)) return;
    blockOnOthers(result, names);
    throw this.#commands.failure(`remove ${names.join(", ")}`, result);
  }

  async setHold(names: readonly string[], held: boolean): Promise<void> {
    const verb = held ? "hold" : "unhold";
    await this.#commands.changeOrThrow(`${verb} ${names.join(", ")}`, ["apt-mark", verb, ...names]);
  }

  async #change(args: readonly string[]): Promise<ProgramResult> {
    const result = await this.#commands.change([...APT_GET, ...args]);
    if (succeeded(result) || !INTERRUPTED.test(result.stderr)) return result;
    const repair = await this.#commands.change([
      "dpkg",
      "--force-confdef",
      "--force-confold",
      "--configure",
      "--pending",
    ]);
    if (!succeeded(repair)) {
      throw new BlockedError(
        `dpkg was interrupted and cannot be finished; repair it with "dpkg --configure --pending": ${
          describeFailure("dpkg", repair)
        }`,
      );
    }
    return await this.#commands.change([...APT_GET, ...args]);
  }
}

/**
 * @throws {BlockedError} if packages that are none of `names` are half installed, or lack what they depend on: they stand in
 * the way of everything else, and whoever broke them has to mend them.
 */
function blockOnOthers(result: ProgramResult, names: readonly string[]): ProgramResult {
  if (succeeded(result)) return result;
  const output = result.stdout + result.stderr;
  const broken = parseBrokenPackages(output);
  if (broken.length > 0 && !broken.some((name) => names.includes(name))) {
    throw new BlockedError(
      `dpkg cannot finish ${broken.join(", ")}; repair with "dpkg --configure --pending", or ` +
        `remove what is broken: ${describeFailure("apt", result)}`,
    );
  }
  if (BROKEN_DEPENDENCIES.test(output)) {
    throw new BlockedError(
      `Installed packages lack what they depend on; repair with "apt-get --fix-broken install": ${
        describeFailure("apt", result)
      }`,
    );
  }
  return result;
}

/** @throws {Error} if packages can only be installed in the place of others, which it names. */
function refuseRemovals(result: ProgramResult, names: readonly string[]): ProgramResult {
  if (succeeded(result) || !NEEDS_REMOVAL.test(result.stderr)) return result;
  const removed = parseRemovals(result.stdout).join(", ") || "other packages";
  throw new Error(
    `Cannot install ${names.join(", ")}: apt would remove ${removed} for it. If that is meant, ` +
      `say so: a package resource with ensure: absent that this one depends on`,
  );
}

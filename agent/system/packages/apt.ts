import { BlockedError } from "../blocked_error.ts";
import { describeFailure, type Processes, type ProgramResult } from "../processes.ts";
import { parseAptPolicy, parseDpkgQuery } from "./apt_output.ts";
import type { PackageProvider, PackageState } from "./package_provider.ts";

const QUERY_TIMEOUT_MS = 60_000;
/** A large upgrade on a slow line; after that something is stuck. */
const CHANGE_TIMEOUT_MS = 3_600_000;

const ENVIRONMENT = {
  DEBIAN_FRONTEND: "noninteractive",
  // Both would ask, or restart services behind the policy's back.
  APT_LISTCHANGES_FRONTEND: "none",
  NEEDRESTART_MODE: "l",
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

const DPKG_FORMAT =
  "${Package}\t${Architecture}\t${db:Status-Want}\t${db:Status-Status}\t${Version}\n";

/** What apt and dpkg say when the machine or the sources, not the request, are at fault. */
const FAULTS = [
  /could not get lock|unable to (?:acquire|lock)|is another process using it/i,
  /no space left on device|don't have enough free space|disk quota exceeded/i,
  /read-only file system/i,
  /failed to fetch|unable to fetch|could not connect|temporary failure resolving|hash sum mismatch/i,
  /is not signed|signatures? (?:couldn't be verified|were invalid)|no longer has a release file/i,
  /list of sources could not be read|malformed (?:entry|line)|does not have a release file/i,
  /unmet dependencies|held broken packages|dpkg was interrupted/i,
];

const UNKNOWN_TO_LISTS =
  /unable to locate package|has no installation candidate|version .* was not found/i;
const STALE_LISTS = /404 +not found/i;
const INTERRUPTED = /dpkg was interrupted/i;

/**
 * Debian's packages. Candidates are read from the lists that are on the machine; they are refreshed when a package is
 * missing in them, or gone from the server. What an interrupted dpkg left half done is finished first.
 */
export class AptProvider implements PackageProvider {
  readonly name = "apt";

  constructor(private readonly processes: Processes) {}

  async query(
    names: readonly string[],
    { withCandidates }: { readonly withCandidates: boolean },
  ): Promise<ReadonlyMap<string, PackageState>> {
    const show = ["dpkg-query", "--show", `--showformat=${DPKG_FORMAT}`] as const;
    const installed = await this.#read([...show, ...names]);
    // Status 1 says that some package is not known, which is an answer.
    if (installed.status > 1) throw new Error(describeFailure("dpkg-query", installed));
    const known = parseDpkgQuery(installed.stdout);
    const candidates = withCandidates
      ? parseAptPolicy((await this.#read(["apt-cache", "policy", ...names])).stdout)
      : new Map<string, string>();
    return new Map(names.map((name) => {
      const candidate = candidates.get(name);
      return [name, {
        ...(known.get(name) ?? { held: false }),
        ...(candidate === undefined ? {} : { candidate }),
      }];
    }));
  }

  async install(names: readonly string[], { version }: { version?: string }): Promise<void> {
    const wanted = names.map((name) => version === undefined ? name : `${name}=${version}`);
    const options = version === undefined ? [] : ["--allow-downgrades"];
    const install = ["install", "--allow-change-held-packages", ...options, ...wanted];
    const first = await this.#change(install);
    if (succeeded(first)) return;
    const output = first.stdout + first.stderr;
    if (!UNKNOWN_TO_LISTS.test(output) && !STALE_LISTS.test(output)) {
      throw failure(`install ${wanted.join(", ")}`, first);
    }
    const update = await this.#change(["update", "--option=APT::Update::Error-Mode=any"]);
    const second = await this.#change(install);
    if (succeeded(second)) return;
    // A package that is unknown to lists that could not be refreshed may exist.
    if (!succeeded(update)) throw new BlockedError(describeFailure("apt-get update", update));
    throw failure(`install ${wanted.join(", ")}`, second);
  }

  async remove(names: readonly string[]): Promise<void> {
    const result = await this.#change(["remove", "--allow-change-held-packages", ...names]);
    if (!succeeded(result)) throw failure(`remove ${names.join(", ")}`, result);
  }

  async setHold(names: readonly string[], held: boolean): Promise<void> {
    const verb = held ? "hold" : "unhold";
    const result = await this.#run(["apt-mark", verb, ...names], CHANGE_TIMEOUT_MS);
    if (!succeeded(result)) throw failure(`${verb} ${names.join(", ")}`, result);
  }

  async #change(args: readonly string[]): Promise<ProgramResult> {
    const result = await this.#run([...APT_GET, ...args], CHANGE_TIMEOUT_MS);
    if (succeeded(result) || !INTERRUPTED.test(result.stderr)) return result;
    const repair = await this.#run(
      ["dpkg", "--force-confdef", "--force-confold", "--configure", "--pending"],
      CHANGE_TIMEOUT_MS,
    );
    if (!succeeded(repair)) throw new BlockedError(describeFailure("dpkg --configure", repair));
    return await this.#run([...APT_GET, ...args], CHANGE_TIMEOUT_MS);
  }

  async #read(argv: readonly [string, ...string[]]): Promise<ProgramResult> {
    const result = await this.#run(argv, QUERY_TIMEOUT_MS);
    if (result.end !== "exited") throw new BlockedError(describeFailure(argv[0], result));
    return result;
  }

  /** Without an abort signal: a dpkg that is ended halfway leaves work behind; whoever waits may stop waiting. */
  #run(argv: readonly [string, ...string[]], timeoutMs: number): Promise<ProgramResult> {
    return this.processes.run({ argv, timeoutMs, environment: ENVIRONMENT });
  }
}

function succeeded(result: ProgramResult): boolean {
  return result.end === "exited" && result.status === 0;
}

function failure(doing: string, result: ProgramResult): Error {
  const message = `Cannot ${doing}: ${describeFailure("apt", result)}`;
  const output = result.stdout + result.stderr;
  const blocked = result.end !== "exited" || FAULTS.some((fault) => fault.test(output));
  return blocked ? new BlockedError(message) : new Error(message);
}

import { BlockedError } from "../blocked_error.ts";
import type { Files } from "../files.ts";
import { describeFailure, type Processes, type ProgramResult } from "../processes.ts";
import { ApkSources, updateApk } from "./apk_sources.ts";
import { ManagerCommands, type ManagerOptions, succeeded } from "./manager_commands.ts";
import type { PackageProvider, PackageState, QueryOptions } from "./package_provider.ts";
import { queryPackages } from "./query_packages.ts";

/** Another apk is waited for, in seconds. */
const APK = ["apk", "--no-progress", "--wait", "60"] as const;
/** What was asked for by name: some thousand words at most. */
const MAX_WORLD_BYTES = 1024 * 1024;

/** apk 2 says what the network did in words of its own, apk 3 by protocol: `HTTP 503: Service Unavailable`. */
const FAULTS: readonly RegExp[] = [
  /unable to (?:lock|read) database|failed to open apk database/i,
  /untrusted signature|bad (?:signature|archive)|(?:package|file|ADB) integrity error/i,
  /temporary error|network error|io error|remote server returned error|could not connect to server/i,
  /\b(?:HTTP(?: \d{3})?|TLS|DNS): |dns .*(?:error|lookup)|package mentioned in index not found/i,
];

/** What is in the lists and no longer at the source counts, too: the source has a newer one instead. */
const UNKNOWN_TO_LISTS =
  /\(no such package\)|package mentioned in index not found|HTTP 404: |breaks: world\[/i;
const STILL_NEEDED = /not removed due to/i;

/**
 * Packages of Alpine. What is asked for stands in its "world" file, where a version belongs to the name: a package whose name
 * stands there with a version is held.
 */
export class ApkProvider implements PackageProvider {
  readonly name = "apk";
  readonly sources: ApkSources;
  readonly #commands: ManagerCommands;

  constructor(
    processes: Processes,
    private readonly files: Pick<Files, "inspect" | "read">,
    private readonly etc: string,
    options: Pick<ManagerOptions, "nowMs"> = {},
  ) {
    this.#commands = new ManagerCommands(processes, "apk", {
      ...options,
      faults: FAULTS,
      unknownToLists: UNKNOWN_TO_LISTS,
    });
    this.sources = new ApkSources(etc, (args) => this.#change(args));
  }

  async query(
    names: readonly string[],
    options: QueryOptions,
  ): Promise<ReadonlyMap<string, PackageState>> {
    if (options.candidates === "fresh") {
      await this.#commands.refreshOldLists(() => this.#update());
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

  /** Without a version an older pin goes; a hold that is to stay comes back with the version that is there then. */
  async install(names: readonly string[], { version }: { version?: string }): Promise<void> {
    const wanted = names.map((name) => version === undefined ? name : `${name}=${version}`);
    const pinned = await this.#pinned(names);
    await this.#commands.installFresh(
      `install ${wanted.join(", ")}`,
      () => this.#change(["add", "--upgrade", ...wanted]),
      () => this.#update(),
    );
    const held = names.filter((name) => pinned.has(name));
    const loose = names.filter((name) => !pinned.has(name));
    if (version === undefined) {
      if (held.length > 0) await this.setHold(held, true);
    } else if (loose.length > 0) {
      await this.setHold(loose, false);
    }
  }

  async remove(names: readonly string[]): Promise<void> {
    const result = await this.#change(["del", ...names.map(untagged)]);
    if (succeeded(result) && !STILL_NEEDED.test(result.stdout + result.stderr)) return;
    throw this.#commands.failure(`remove ${names.join(", ")}`, result);
  }

  async setHold(names: readonly string[], held: boolean): Promise<void> {
    const installed = await this.#installed(names);
    const wanted = names.map((name) => held ? `${name}=${installed.get(name) ?? ""}` : name);
    const result = await this.#change(["add", ...wanted]);
    if (succeeded(result)) return;
    throw this.#commands.failure(`${held ? "hold" : "unhold"} ${names.join(", ")}`, result);
  }

  async #installed(names: readonly string[]): Promise<ReadonlyMap<string, string>> {
    const result = await this.#commands.read([
      ...APK,
      "info",
      "--installed",
      "--verbose",
      ...names,
    ]);
    // Status 1 says that some package is not there; what is wrong with the database is said aloud.
    if (/^ERROR: /m.test(result.stderr)) {
      throw new BlockedError(describeFailure("apk info", result));
    }
    return parseApkInstalled(result.stdout, names);
  }

  /** What would be installed says what the newest version is, tags and pins of other packages included. */
  async #candidates(names: readonly string[]): Promise<ReadonlyMap<string, string>> {
    const result = await this.#commands.read([...APK, "--simulate", "add", "--upgrade", ...names]);
    if (succeeded(result)) {
      const versions = parseApkSimulation(result.stdout);
      return new Map(names.flatMap((name) => {
        const version = versions.get(untagged(name));
        return version === undefined ? [] : [[name, version] as const];
      }));
    }
    if (UNKNOWN_TO_LISTS.test(result.stdout + result.stderr)) return new Map();
    throw this.#commands.failure(`look for ${names.join(", ")}`, result);
  }

  async #pinned(names: readonly string[]): Promise<ReadonlySet<string>> {
    const path = `${this.etc}/apk/world`;
    if (await this.files.inspect(path) === undefined) return new Set();
    const world = new TextDecoder().decode(await this.files.read(path, MAX_WORLD_BYTES));
    const pins = parseApkPins(world);
    return new Set(names.filter((name) => pins.has(untagged(name))));
  }

  #update(): Promise<ProgramResult> {
    return updateApk((args) => this.#change(args));
  }

  #change(args: readonly string[]): Promise<ProgramResult> {
    return this.#commands.change([...APK, ...args]);
  }
}

/** What is installed is called by its name alone: `nginx` of `nginx@edge`, which says that it is to come from the source `edge`. */
function untagged(name: string): string {
  return name.replace(/@.*$/, "");
}

/** Lines like `nginx-1.24.0-r6`. Names may hold dashes and digits, so that they are only told by those that were asked for. */
export function parseApkInstalled(
  text: string,
  names: readonly string[],
): ReadonlyMap<string, string> {
  const versions = new Map<string, string>();
  for (const line of text.split("\n")) {
    for (const name of names) {
      const start = `${untagged(name)}-`;
      const rest = line.startsWith(start) ? line.slice(start.length) : "";
      if (/^\d[^\s-]*(?:-r\d+)?$/.test(rest)) versions.set(name, rest);
    }
  }
  return versions;
}

/** Versions that a simulated run arrives at: `(1/2) Upgrading musl (1.2.4-r1 -> 1.2.4-r2)`. */
export function parseApkSimulation(text: string): ReadonlyMap<string, string> {
  const lines = text.matchAll(
    /^\(\d+\/\d+\) (?:Installing|Upgrading|Downgrading|Replacing|Reinstalling) ([^\s@]+)(?:@\S+)? \((?:\S+ -> )?(\S+)\)$/gm,
  );
  return new Map([...lines].map(([, name = "", version = ""]) => [name, version]));
}

/** Names that the world file has with a version of their own, like `nginx=1.24.0-r6` or `nginx@edge=1.25.0-r0`. */
export function parseApkPins(world: string): ReadonlySet<string> {
  const pins = world.split(/\s+/).map((word) =>
    /^([^\s@<>=~!]+)(?:@[^\s=]+)?=[^=]/.exec(word)?.[1]
  );
  return new Set(pins.filter((name) => name !== undefined));
}

import type { PackageProviderName } from "../../../shared/config/resources/package.ts";
import type { PackageSources } from "./package_sources.ts";

/** What the package manager knows of one package. */
export interface PackageState {
  /** The version that is installed completely; `undefined` if none is. */
  readonly installed?: string;
  /** Whether it is there in part, left by an installation that failed. */
  readonly halfInstalled?: true;
  /** The newest version that can be had; only if it was asked for. */
  readonly candidate?: string;
  /** Whether it is held at its version; `undefined` if that was not asked for. */
  readonly held?: boolean;
}

/** What to look for beside what is installed; each costs a look of its own. */
export interface QueryOptions {
  /**
   * `known`: candidates as the lists on the machine have them. `fresh`: after lists that may be old have been fetched
   * again, where the manager keeps lists and does not see to that itself.
   */
  readonly candidates: "none" | "known" | "fresh";
  readonly withHolds: boolean;
}

/**
 * One package manager. What changes the machine throws `BlockedError` if the manager or its sources are at fault (a broken
 * source, a locked database, a full disk) and a plain error if what is wanted is (no such package). So do the questions.
 */
export interface PackageProvider {
  readonly name: PackageProviderName;
  /** Why it cannot be told to hold a package, and what to do instead; absent if it can. */
  readonly cannotHold?: string;
  /** Why it installs no version but the candidate, and what to do instead; absent if it does. */
  readonly cannotChooseVersion?: string;
  /** Where it installs from; absent if sources are not files. */
  readonly sources?: PackageSources;
  /** Reads only; every name has an entry in the answer. */
  query(
    names: readonly string[],
    options: QueryOptions,
  ): Promise<ReadonlyMap<string, PackageState>>;
  /** Whether an installed version is the one that was written, which may leave out what the manager lets one leave out. */
  isVersion(installed: string, wanted: string): boolean;
  /**
   * Installs packages, or brings them to the newest version; with `version` exactly that one, also if it is older. Holds
   * are no obstacle, and stay. No other package is removed for it.
   */
  install(names: readonly string[], options: { readonly version?: string }): Promise<void>;
  remove(names: readonly string[]): Promise<void>;
  setHold(names: readonly string[], held: boolean): Promise<void>;
}

/** Finds the package manager of a machine. */
export interface Packages {
  /** The one that is asked for, or the machine's own; a reason if there is none that Vigo can use. */
  choose(
    wanted: PackageProviderName | undefined,
  ): Promise<
    | { readonly ok: true; readonly provider: PackageProvider }
    | { readonly ok: false; readonly reason: string }
  >;
}

import type { PackageProviderName } from "../../../shared/config/resources/package.ts";

/** What the package manager knows of one package. */
export interface PackageState {
  /** The version that is installed completely; `undefined` if none is. */
  readonly installed?: string;
  /** The newest version that the sources offer, as far as their lists on this machine say; only if it was asked for. */
  readonly candidate?: string;
  /** Whether it is held at its version. */
  readonly held: boolean;
}

/**
 * One package manager. What changes the machine throws `BlockedError` if the manager or its sources are at fault (a broken
 * source, a locked database, a full disk) and a plain error if what is wanted is (no such package).
 */
export interface PackageProvider {
  readonly name: PackageProviderName;
  /** Reads only; every name has an entry in the answer. Candidates cost a look at all lists, ten times the rest. */
  query(
    names: readonly string[],
    options: { readonly withCandidates: boolean },
  ): Promise<ReadonlyMap<string, PackageState>>;
  /** Installs packages, or brings them to the newest version; with `version` exactly that one. */
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

import type { PackageState, QueryOptions } from "./package_provider.ts";

/** How one package manager answers; each question costs a look of its own. */
export interface PackageQuestions {
  /** Versions that are installed, by name. */
  readonly installed: () => Promise<ReadonlyMap<string, string>>;
  /** What can be had; a package that is not in it, but installed, cannot be had any newer. */
  readonly offered: (
    candidates: "known" | "fresh",
    installed: ReadonlyMap<string, string>,
  ) => Promise<ReadonlyMap<string, string>>;
  readonly held: () => Promise<ReadonlySet<string>>;
}

/** Asks a package manager what the options want to know, one question after the other, and nothing else. */
export async function queryPackages(
  names: readonly string[],
  { candidates, withHolds }: QueryOptions,
  questions: PackageQuestions,
): Promise<ReadonlyMap<string, PackageState>> {
  const installed = await questions.installed();
  const offered = candidates === "none"
    ? undefined
    : await questions.offered(candidates, installed);
  const held = withHolds ? await questions.held() : undefined;
  return new Map(names.map((name) => {
    const version = installed.get(name);
    const candidate = offered === undefined ? undefined : offered.get(name) ?? version;
    return [name, {
      ...(held === undefined ? {} : { held: held.has(name) }),
      ...(version === undefined ? {} : { installed: version }),
      ...(candidate === undefined ? {} : { candidate }),
    }];
  }));
}

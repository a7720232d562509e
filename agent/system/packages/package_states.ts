import type { PackageState } from "./package_provider.ts";

/** What a package manager answered, by name; a question that was not asked has no answer. */
export interface PackageAnswers {
  readonly installed: ReadonlyMap<string, string>;
  /** What can be had; a package that is not in it, but installed, cannot be had any newer. */
  readonly offered?: ReadonlyMap<string, string>;
  readonly held?: ReadonlySet<string>;
}

export function packageStates(
  names: readonly string[],
  { installed, offered, held }: PackageAnswers,
): ReadonlyMap<string, PackageState> {
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

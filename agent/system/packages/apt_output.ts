import type { PackageState } from "./package_provider.ts";

/** A package that is gone may leave its configuration, which is not the package. */
const GONE: ReadonlySet<string> = new Set(["not-installed", "config-files"]);

/**
 * Reads lines of package, architecture, want, status and version, separated by tabs. A package is known by its name and
 * by `name:architecture`; of several architectures the installed one stands for the bare name.
 */
export function parseDpkgQuery(text: string): ReadonlyMap<string, PackageState> {
  const states = new Map<string, PackageState>();
  for (const line of text.split("\n")) {
    const [name, architecture, want, status, version] = line.split("\t");
    if (!name || version === undefined) continue;
    const state: PackageState = {
      held: want === "hold",
      ...(status === "installed" ? { installed: version } : {}),
      ...(GONE.has(status ?? "") || status === "installed" ? {} : { halfInstalled: true }),
    };
    states.set(`${name}:${architecture}`, state);
    if (states.get(name)?.installed === undefined) states.set(name, state);
  }
  return states;
}

/** Reads `apt-cache policy`: the candidate version of each package that the sources offer. */
export function parseAptPolicy(text: string): ReadonlyMap<string, string> {
  const candidates = new Map<string, string>();
  let current: string | undefined;
  for (const line of text.split("\n")) {
    const heading = /^(\S+):$/.exec(line);
    if (heading !== null) current = heading[1];
    const candidate = /^ {2}Candidate: (\S+)$/.exec(line)?.[1];
    if (current !== undefined && candidate !== undefined && candidate !== "(none)") {
      candidates.set(current, candidate);
    }
  }
  return candidates;
}

/** Names of the packages that apt would have removed, in order. */
export function parseRemovals(output: string): readonly string[] {
  const list = /^The following packages will be REMOVED:\n((?: .*(?:\n|$))+)/m.exec(output)?.[1] ??
    "";
  return list.split(/\s+/).map((name) => name.replace(/\*$/, "")).filter((name) => name !== "");
}

/** Names of the packages that dpkg could not process, without their architecture, in order. */
export function parseBrokenPackages(output: string): readonly string[] {
  const found = output.matchAll(/^dpkg: error processing (?:package|archive) (\S+)/gm);
  return [...new Set([...found].map(([, name = ""]) => name.replace(/:[a-z0-9-]+$/, "")))];
}

import { BlockedError } from "../blocked_error.ts";
import { AptSources } from "./apt_sources.ts";
import type { PackageProvider, Packages, PackageState, QueryOptions } from "./package_provider.ts";
import type { PackageSources } from "./package_sources.ts";

/** A package manager in memory: what the sources offer, what is installed, and a fault that can be switched on. */
export class FakePackages implements Packages, PackageProvider {
  readonly name = "apt";
  /** Why it cannot hold, or choose a version, as some package managers cannot. */
  cannotHold?: string;
  cannotChooseVersion?: string;
  readonly sources: PackageSources;
  /** Newest version of each package that the sources offer. */
  readonly offered: Map<string, string>;
  readonly installed = new Map<string, string>();
  readonly held = new Set<string>();
  /** Thrown by whatever would change something. */
  fault: string | undefined;

  /** @param etc Where it keeps its sources, as apt does. */
  constructor(offered: Readonly<Record<string, string>> = {}, etc = "/etc") {
    this.offered = new Map(Object.entries(offered));
    this.sources = new AptSources(etc, () =>
      Promise.resolve({
        end: "exited",
        status: this.fault === undefined ? 0 : 100,
        stdout: "",
        stderr: this.fault ?? "",
      }));
  }

  isVersion(installed: string, wanted: string): boolean {
    return installed === wanted;
  }

  choose(wanted?: string): ReturnType<Packages["choose"]> {
    return Promise.resolve(
      wanted === undefined || wanted === this.name
        ? { ok: true, provider: this }
        : { ok: false, reason: `no package provider for ${wanted}` },
    );
  }

  query(
    names: readonly string[],
    { candidates }: QueryOptions,
  ): Promise<ReadonlyMap<string, PackageState>> {
    return Promise.resolve(
      new Map(names.map((name) => {
        const installed = this.installed.get(name);
        const candidate = candidates === "none" ? undefined : this.offered.get(name);
        return [name, {
          held: this.held.has(name),
          ...(installed === undefined ? {} : { installed }),
          ...(candidate === undefined ? {} : { candidate }),
        }];
      })),
    );
  }

  install(names: readonly string[], { version }: { readonly version?: string }): Promise<void> {
    return this.#change(() => {
      for (const name of names) {
        const offered = this.offered.get(name);
        if (offered === undefined) throw new Error(`Unable to locate package ${name}`);
        this.installed.set(name, version ?? offered);
      }
    });
  }

  remove(names: readonly string[]): Promise<void> {
    return this.#change(() => names.forEach((name) => this.installed.delete(name)));
  }

  setHold(names: readonly string[], held: boolean): Promise<void> {
    return this.#change(() => {
      for (const name of names) {
        if (held) this.held.add(name);
        else this.held.delete(name);
      }
    });
  }

  async #change(act: () => void): Promise<void> {
    await Promise.resolve();
    if (this.fault !== undefined) throw new BlockedError(this.fault);
    act();
  }
}

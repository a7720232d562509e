import {
  PACKAGE_PROVIDERS,
  type PackageProviderName,
} from "../../../shared/config/resources/package.ts";
import type { Files } from "../files.ts";
import type { Processes } from "../processes.ts";
import { AptProvider } from "./apt.ts";
import type { PackageProvider, Packages } from "./package_provider.ts";

/** The program by which each package manager is known; the first one that is there is the machine's own. */
const PROGRAMS: Readonly<Record<PackageProviderName, readonly string[]>> = {
  apt: ["/usr/bin/apt-get"],
  dnf: ["/usr/bin/dnf"],
  apk: ["/sbin/apk", "/usr/bin/apk"],
  pacman: ["/usr/bin/pacman"],
  zypper: ["/usr/bin/zypper"],
  brew: ["/opt/homebrew/bin/brew", "/usr/local/bin/brew"],
};

/** The package managers of this machine. A new one is a file beside `apt.ts` and a line here. */
export class LocalPackages implements Packages {
  readonly #providers: Partial<Record<PackageProviderName, PackageProvider>>;

  constructor(private readonly files: Files, processes: Processes) {
    this.#providers = { apt: new AptProvider(processes) };
  }

  async choose(wanted: PackageProviderName | undefined): ReturnType<Packages["choose"]> {
    const found = await this.#installed();
    const name = wanted ?? found[0];
    if (name === undefined) {
      return { ok: false, reason: `no package provider for ${Deno.build.os}` };
    }
    const provider = this.#providers[name];
    if (provider === undefined) return { ok: false, reason: `no package provider for ${name}` };
    if (!found.includes(name)) {
      return { ok: false, reason: `package provider ${name} is not on this machine` };
    }
    return { ok: true, provider };
  }

  async #installed(): Promise<readonly PackageProviderName[]> {
    const found: PackageProviderName[] = [];
    for (const name of PACKAGE_PROVIDERS) {
      for (const program of PROGRAMS[name]) {
        if (await this.files.inspect(program) !== undefined) found.push(name);
      }
    }
    return found;
  }
}

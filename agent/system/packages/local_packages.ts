import {
  PACKAGE_PROVIDERS,
  type PackageProviderName,
} from "../../../shared/config/resources/package.ts";
import type { Accounts } from "../accounts.ts";
import type { Files } from "../files.ts";
import type { Processes } from "../processes.ts";
import { ApkProvider } from "./apk.ts";
import { AptProvider } from "./apt.ts";
import { BrewProvider } from "./brew.ts";
import { DnfProvider } from "./dnf.ts";
import type { PackageProvider, Packages } from "./package_provider.ts";
import { PacmanProvider } from "./pacman.ts";
import { YumProvider } from "./yum.ts";
import { ZypperProvider } from "./zypper.ts";

/** The program by which each package manager is known. */
const PROGRAMS: Readonly<Record<PackageProviderName, readonly string[]>> = {
  apt: ["/usr/bin/apt-get"],
  dnf: ["/usr/bin/dnf"],
  yum: ["/usr/bin/yum"],
  apk: ["/sbin/apk", "/usr/bin/apk"],
  pacman: ["/usr/bin/pacman"],
  zypper: ["/usr/bin/zypper"],
  brew: ["/opt/homebrew/bin/brew", "/usr/local/bin/brew", "/home/linuxbrew/.linuxbrew/bin/brew"],
};

/** What a distribution installs its own packages with, by `ID` or `ID_LIKE` of os-release(5): another manager may be there as a tool. */
const NATIVE: Readonly<Record<string, readonly PackageProviderName[]>> = {
  debian: ["apt"],
  ubuntu: ["apt"],
  fedora: ["dnf", "yum"],
  rhel: ["dnf", "yum"],
  alpine: ["apk"],
  arch: ["pacman"],
  suse: ["zypper"],
  opensuse: ["zypper"],
};

/** Usually the first is a link to the second, and links are not followed. */
const OS_RELEASE = ["/etc/os-release", "/usr/lib/os-release"];
const MAX_OS_RELEASE_BYTES = 64 * 1024;

type Choice = Awaited<ReturnType<Packages["choose"]>>;

/** The package managers of this machine. A new one is a file beside `apt.ts` and a line here. */
export class LocalPackages implements Packages {
  readonly #providers: Readonly<Record<Exclude<PackageProviderName, "brew">, PackageProvider>>;
  #brew: BrewProvider | undefined;

  constructor(
    private readonly files: Pick<Files, "inspect" | "read">,
    private readonly processes: Processes,
    private readonly accounts: Pick<Accounts, "findUser" | "groupsOf">,
    private readonly self: { readonly uid: number },
  ) {
    this.#providers = {
      apt: new AptProvider(processes, "/etc"),
      dnf: new DnfProvider(processes, "/etc"),
      yum: new YumProvider(processes, "/etc"),
      apk: new ApkProvider(processes, files, "/etc"),
      pacman: new PacmanProvider(processes),
      zypper: new ZypperProvider(processes, "/etc"),
    };
  }

  async choose(wanted: PackageProviderName | undefined): Promise<Choice> {
    const order = wanted === undefined ? await this.#order() : [wanted];
    for (const name of order) {
      const program = await this.#find(name);
      if (program === undefined) continue;
      if (name === "brew") return await this.#openBrew(program);
      return { ok: true, provider: this.#providers[await this.#realName(name, program)] };
    }
    const looked = order.flatMap((name) => PROGRAMS[name]).join(", ");
    return {
      ok: false,
      reason: wanted === undefined
        ? `this machine has no package manager; looked for ${looked}`
        : `package manager ${wanted} is not on this machine; looked for ${looked}`,
    };
  }

  /** The distribution's own first, then all others. */
  async #order(): Promise<readonly PackageProviderName[]> {
    const text = await this.#readOsRelease();
    const ids = [...text.matchAll(/^ID(?:_LIKE)?=["']?([^"'\n]*)/gm)]
      .flatMap(([, words = ""]) => words.split(" "));
    const native = ids.flatMap((id) => NATIVE[id.split("-")[0] ?? ""] ?? []);
    return [...new Set([...native, ...PACKAGE_PROVIDERS])];
  }

  async #readOsRelease(): Promise<string> {
    for (const path of OS_RELEASE) {
      if ((await this.files.inspect(path))?.kind !== "file") continue;
      return new TextDecoder().decode(await this.files.read(path, MAX_OS_RELEASE_BYTES));
    }
    return "";
  }

  async #find(name: PackageProviderName): Promise<string | undefined> {
    for (const program of PROGRAMS[name]) {
      if (await this.files.inspect(program) !== undefined) return program;
    }
    return undefined;
  }

  /** From Red Hat 8 on, and on Fedora, yum is a link to dnf, which answers in its own way however it is called. */
  async #realName<Name extends PackageProviderName>(
    name: Name,
    program: string,
  ): Promise<Name | "dnf"> {
    const isLink = name === "yum" && (await this.files.inspect(program))?.kind === "symlink";
    return isLink ? "dnf" : name;
  }

  /** Whoever owns the folder above `bin` installed Homebrew, and is the one it may run as. */
  async #openBrew(program: string): Promise<Choice> {
    if (this.#brew !== undefined) return { ok: true, provider: this.#brew };
    const prefix = program.slice(0, -"/bin/brew".length);
    // Below /usr/local, which is root's, it has a folder of its own.
    const folder = prefix === "/usr/local" ? "/usr/local/Homebrew" : prefix;
    const uid = (await this.files.inspect(folder))?.uid;
    const user = uid === undefined ? undefined : await this.accounts.findUser(uid);
    if (user === undefined || user.uid === 0) {
      return { ok: false, reason: `${folder} of brew belongs to nobody that brew may run as` };
    }
    const isSelf = user.uid === this.self.uid;
    if (!isSelf && this.self.uid !== 0) {
      return {
        ok: false,
        reason: `brew belongs to ${user.name}, and the agent runs as uid ${this.self.uid}`,
      };
    }
    const groups = (await this.accounts.groupsOf(user.name)).map(({ gid }) => gid);
    this.#brew = new BrewProvider(this.processes, {
      program,
      user: user.name,
      home: user.home,
      ...(isSelf ? {} : { as: { uid: user.uid, gid: user.gid, groups } }),
    });
    return { ok: true, provider: this.#brew };
  }
}

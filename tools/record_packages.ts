/**
 * Records what a real package manager answers to its provider, for the tests:
 *
 *     deno run -A tools/record_packages.ts dnf5 /tmp/root > tests/fixtures/packages/dnf5.json
 *
 * `root` is a folder into which the manager has been unpacked with what it runs (a shell, rpm, ruby, git), and which holds a
 * source at `srv/repo` as `playPackages` describes it. Where a manager knows one version of a package, `srv/newer` holds what
 * takes the source's place. Only what is below `root` changes.
 *
 * apk: its key is in place, `etc/apk/repositories` leads to `http://127.0.0.1:8098/repo`, where this program serves the source,
 * and with the tag `more` to `/more` there, and `apk add --initdb` has been run. brew: the prefix belongs to a user,
 * whose own tap, trusted, is the source, with the programs' archives beside it; what `brew update` fetches from is there, too.
 */
import { basename, dirname, join } from "node:path";
import { ApkProvider } from "../agent/system/packages/apk.ts";
import { BrewProvider } from "../agent/system/packages/brew.ts";
import { DnfProvider } from "../agent/system/packages/dnf.ts";
import type { PackageProvider } from "../agent/system/packages/package_provider.ts";
import { PacmanProvider } from "../agent/system/packages/pacman.ts";
import {
  aDayLaterEachTime,
  type PackageStage,
  playPackages,
} from "../agent/system/packages/play_packages.ts";
import type { RecordedFile, RecordedProgram } from "../agent/system/packages/recorded_manager.ts";
import { ZypperProvider } from "../agent/system/packages/zypper.ts";
import type { Files } from "../agent/system/files.ts";
import { LocalFiles } from "../agent/system/local_files.ts";
import { LocalProcesses } from "../agent/system/local_processes.ts";
import type { Processes, Program } from "../agent/system/processes.ts";

/** One kind of manager: its provider, its version, and the lock by which it keeps others away (none if it waits for ever). */
interface Kind {
  readonly versions: readonly (readonly [string, ...string[]])[];
  /** A file that says by being there that another manager works, or by being locked. */
  readonly lock?: { readonly path: string; readonly by: "being there" | "flock" };
  /** Where it keeps packages that it fetched, from which it installs also when their source is gone. */
  readonly kept?: string;
  /** The folder whose owner it runs as; as root if absent. */
  readonly owned?: string;
  /** At which port of this machine it finds what is below `srv`; a manager without one reads the files. */
  readonly port?: number;
  /** Whether it knows one version of each package, so that `srv/newer` follows. */
  readonly hasOneVersion?: true;
  readonly stage?: Pick<PackageStage, "release" | "hasUser" | "tag">;
  create(processes: Processes, files: Pick<Files, "inspect" | "read">): PackageProvider;
}

/** The sources of dnf say that their lists are old after a second (`metadata_expire=1`). */
const LISTS_AGE_MS = 2_000;

const BREW_PREFIX = "/home/linuxbrew/.linuxbrew";
const BREW = `${BREW_PREFIX}/bin/brew`;

const dnf = (processes: Processes) => new DnfProvider(processes, "/etc");
const KINDS: Readonly<Record<string, Kind>> = {
  dnf4: { versions: [["dnf", "--version"], ["rpm", "--version"]], create: dnf },
  dnf5: { versions: [["dnf", "--version"], ["rpm", "--version"]], create: dnf },
  zypper: {
    versions: [["zypper", "--version"], ["rpm", "--version"]],
    create: (processes) => new ZypperProvider(processes, "/etc"),
  },
  pacman: {
    versions: [["pacman", "--version"]],
    lock: { path: "var/lib/pacman/db.lck", by: "being there" },
    kept: "var/cache/pacman/pkg",
    hasOneVersion: true,
    create: (processes) => new PacmanProvider(processes),
  },
  apk: {
    versions: [["apk", "--version"]],
    lock: { path: "lib/apk/db/lock", by: "flock" },
    port: 8098,
    stage: { release: "-r1", hasUser: true, tag: "more" },
    create: (processes, files) => new ApkProvider(processes, files, "/etc", aDayLaterEachTime()),
  },
  brew: {
    versions: [[BREW, "--version"]],
    lock: {
      path: `${BREW_PREFIX}/var/homebrew/locks/vigo-tiny.formula.lock`.slice(1),
      by: "flock",
    },
    kept: "home/linuxbrew/.cache/Homebrew/downloads",
    owned: BREW_PREFIX.slice(1),
    hasOneVersion: true,
    stage: { hasUser: true },
    create: (processes) =>
      new BrewProvider(
        processes,
        { program: BREW, user: "linuxbrew", home: "/home/linuxbrew" },
        aDayLaterEachTime(),
      ),
  },
};

const [name = "", root = ""] = Deno.args;
const kind = KINDS[name];
if (kind === undefined || root === "") {
  console.error(`usage: record_packages ${Object.keys(KINDS).join("|")} ROOT`);
  Deno.exit(2);
}

const real = new LocalProcesses();
const realFiles = new LocalFiles();
const owner = kind.owned === undefined ? undefined : await Deno.stat(join(root, kind.owned));
const change = owner === undefined
  ? ["chroot", root] as const
  : ["chroot", `--userspec=${owner.uid}:${owner.gid}`, root] as const;
const inRoot = (program: Program) => real.run({ ...program, argv: [...change, ...program.argv] });

const programs: RecordedProgram[] = [];
const recorder: Processes = {
  run: async (program) => {
    const result = await inRoot(program);
    const { status, stdout, stderr } = result;
    programs.push({ argv: program.argv, status, stdout, stderr });
    return result;
  },
};

const files: RecordedFile[] = [];
const fileRecorder: Pick<Files, "inspect" | "read"> = {
  inspect: async (path) => {
    const entry = await realFiles.inspect(join(root, path));
    const text = entry === undefined ? null : await Deno.readTextFile(join(root, path));
    files.push({ path, text });
    return entry;
  },
  read: (path, maxBytes) => realFiles.read(join(root, path), maxBytes),
};

const { lock, kept } = kind;
let locked: Deno.FsFile | undefined;
const stage: PackageStage = {
  ...kind.stage,
  setSource: async (isThere) => {
    const [from, to] = isThere ? ["srv/away", "srv/repo"] : ["srv/repo", "srv/away"];
    await Deno.rename(join(root, from), join(root, to));
    await new Promise((resolve) => setTimeout(resolve, LISTS_AGE_MS));
    if (kept === undefined || isThere) return;
    for await (const entry of Deno.readDir(join(root, kept))) {
      await Deno.remove(join(root, kept, entry.name), { recursive: true });
    }
  },
  publishNewer: async () => {
    if (!kind.hasOneVersion) return;
    await Deno.remove(join(root, "srv/repo"), { recursive: true });
    await Deno.rename(join(root, "srv/newer"), join(root, "srv/repo"));
  },
  ...(lock === undefined ? {} : {
    setLock: async (isHeld) => {
      const path = join(root, lock.path);
      await Deno.mkdir(dirname(path), { recursive: true });
      if (lock.by === "being there") {
        return await (isHeld ? Deno.writeTextFile(path, "") : Deno.remove(path));
      }
      locked?.close();
      locked = isHeld ? await Deno.open(path, { write: true, create: true }) : undefined;
      await locked?.lock(true);
    },
  }),
};

/** A source of one version after the other; what has gone is a 404. */
const server = kind.port === undefined ? undefined : Deno.serve(
  { hostname: "127.0.0.1", port: kind.port, onListen: () => {} },
  async ({ url }) => {
    const file = await Deno.open(join(root, "srv", new URL(url).pathname)).catch(() => undefined);
    return new Response(file?.readable, { status: file === undefined ? 404 : 200 });
  },
);

const versions: string[] = [];
for (const argv of kind.versions) {
  const { stdout } = await inRoot({ argv, timeoutMs: 60_000, environment: { HOME: "/tmp" } });
  const [, version = ""] = /(\d+(?:\.\d+)+)/.exec(stdout) ?? [];
  versions.push(`${basename(argv[0])} ${version}`);
}
const outcomes = await playPackages(kind.create(recorder, fileRecorder), stage);
await server?.shutdown();
for (const [step, outcome] of outcomes) console.error(step, outcome);
console.log(JSON.stringify(
  {
    recordedWith: versions.join(", "),
    programs,
    ...(files.length === 0 ? {} : { files }),
  },
  null,
  2,
));

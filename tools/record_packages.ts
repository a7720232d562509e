/**
 * Records what a real package manager answers to its provider, for the tests:
 *
 *     deno run -A tools/record_packages.ts dnf5 /tmp/root > tests/fixtures/packages/dnf5.json
 *
 * `root` is a folder into which the manager, rpm and a shell have been unpacked, and which holds a source at `srv/repo` as
 * `playPackages` describes it; of pacman, `srv/newer` holds what takes its place. Only what is below `root` changes.
 */
import { dirname, join } from "node:path";
import { DnfProvider } from "../agent/system/packages/dnf.ts";
import type { PackageProvider } from "../agent/system/packages/package_provider.ts";
import { PacmanProvider } from "../agent/system/packages/pacman.ts";
import { type PackageStage, playPackages } from "../agent/system/packages/play_packages.ts";
import type { RecordedProgram } from "../agent/system/packages/recorded_manager.ts";
import { ZypperProvider } from "../agent/system/packages/zypper.ts";
import { LocalProcesses } from "../agent/system/local_processes.ts";
import type { Processes, Program } from "../agent/system/processes.ts";

/** One kind of manager: its provider, its version, and the lock by which it keeps others away (none if it waits for ever). */
interface Kind {
  readonly versions: readonly (readonly [string, ...string[]])[];
  readonly lock?: string;
  /** Where it keeps packages that it fetched, from which it installs also when their source is gone. */
  readonly kept?: string;
  create(processes: Processes): PackageProvider;
}

/** The sources of dnf say that their lists are old after a second (`metadata_expire=1`). */
const LISTS_AGE_MS = 2_000;

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
    lock: "var/lib/pacman/db.lck",
    kept: "var/cache/pacman/pkg",
    create: (processes) => new PacmanProvider(processes),
  },
};

const [name = "", root = ""] = Deno.args;
const kind = KINDS[name];
if (kind === undefined || root === "") {
  console.error(`usage: record_packages ${Object.keys(KINDS).join("|")} ROOT`);
  Deno.exit(2);
}

const real = new LocalProcesses();
const inRoot = (program: Program) =>
  real.run({ ...program, argv: ["chroot", root, ...program.argv] });

const programs: RecordedProgram[] = [];
const recorder: Processes = {
  run: async (program) => {
    const result = await inRoot(program);
    const { status, stdout, stderr } = result;
    programs.push({ argv: program.argv, status, stdout, stderr });
    return result;
  },
};

const { lock, kept } = kind;
const stage: PackageStage = {
  setSource: async (isThere) => {
    const [from, to] = isThere ? ["srv/away", "srv/repo"] : ["srv/repo", "srv/away"];
    await Deno.rename(join(root, from), join(root, to));
    await new Promise((resolve) => setTimeout(resolve, LISTS_AGE_MS));
    if (kept === undefined || isThere) return;
    await Deno.remove(join(root, kept), { recursive: true });
    await Deno.mkdir(join(root, kept));
  },
  publishNewer: async () => {
    if (name !== "pacman") return;
    await Deno.remove(join(root, "srv/repo"), { recursive: true });
    await Deno.rename(join(root, "srv/newer"), join(root, "srv/repo"));
  },
  ...(lock === undefined ? {} : {
    setLock: async (isHeld) => {
      const path = join(root, lock);
      await Deno.mkdir(dirname(path), { recursive: true });
      await (isHeld ? Deno.writeTextFile(path, "") : Deno.remove(path));
    },
  }),
};

const versions: string[] = [];
for (const argv of kind.versions) {
  const { stdout } = await inRoot({ argv, timeoutMs: 60_000 });
  const [, version = ""] = /(\d+(?:\.\d+)+)/.exec(stdout) ?? [];
  versions.push(`${argv[0]} ${version}`);
}
const outcomes = await playPackages(kind.create(recorder), stage);
for (const [step, outcome] of outcomes) console.error(step, outcome);
console.log(JSON.stringify({ recordedWith: versions.join(", "), programs }, null, 2));

import { dirname, join } from "node:path";
import { denoFolder } from "./deno_folder.ts";
import { canUseNamespaces, type NetworkHost } from "./network_namespaces.ts";
import { eventually } from "./eventually.ts";
import { TestProcess, type TestProcessOptions } from "./process.ts";
import { type CommandOptions, type CommandResult, runCommand } from "./run_command.ts";

/** Where Debian, Ubuntu and their relatives keep it. */
const SYSTEMD = "/lib/systemd/systemd";
/** A boot takes about a second; a busy machine with two cores may need several times as long. */
const BOOT_DEADLINE_MS = 180_000;
/** What root keeps in the machine; the same as its pid 1 has. */
const CAPABILITIES = "-sys_time,-sys_module,-syslog,-mac_admin,-mac_override";
/** The mounts that a boot needs, tried where nobody sees them. */
const MOUNT_TRIAL = `set -e; mount -t tmpfs tmpfs /tmp; mkdir /tmp/u /tmp/w /tmp/r /tmp/c
  mount -t overlay overlay -o lowerdir=/,upperdir=/tmp/u,workdir=/tmp/w /tmp/r
  mount -t cgroup2 none /tmp/c; mkdir /tmp/c/vigo-trial-$$; rmdir /tmp/c/vigo-trial-$$`;

/** Whether a {@linkcode ThrowawayMachine} can boot here: Linux, root, systemd installed, overlays and namespaces allowed. */
export function canBootMachine(): boolean {
  if (!canUseNamespaces()) return false;
  try {
    Deno.statSync(SYSTEMD);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
  return new Deno.Command("unshare", {
    args: ["--mount", "--propagation", "private", "sh", "-c", MOUNT_TRIAL],
    stdout: "null",
    stderr: "null",
  }).outputSync().success;
}

export interface ThrowawayMachineOptions {
  readonly hostname?: string;
  /** Shares the network of this host; without it the machine has loopback only. */
  readonly network?: NetworkHost;
  /** Further folders of this machine to see there, at the same path; writes to them stay there. */
  readonly folders?: readonly string[];
}

/**
 * A disposable copy of this machine with a real systemd as pid 1, for tests that change packages, users, services,
 * mounts or the hostname. Nothing that happens there reaches this machine, and all of it is gone after the scope, also
 * when the test run is killed. It has everything that is installed here, the repository and Deno with its cache, and
 * no network but loopback. Services that would start by themselves stay off: it boots to `basic.target`.
 *
 * @example
 * ```ts
 * await using machine = await ThrowawayMachine.boot();
 * await machine.run("useradd", ["ada"]);
 * ```
 */
export class ThrowawayMachine implements AsyncDisposable {
  /** Its pid 1, as this machine numbers it. */
  readonly pid: number;
  /** Its `/` as a path of this machine, for copying files. An absolute symbolic link there leads astray. */
  readonly root: string;
  readonly #guardian: TestProcess;

  private constructor(pid: number, guardian: TestProcess) {
    this.pid = pid;
    this.root = `/proc/${pid}/root`;
    this.#guardian = guardian;
  }

  /** @throws {Error} if it cannot boot; ask `canBootMachine` first. */
  static async boot(options: ThrowawayMachineOptions = {}): Promise<ThrowawayMachine> {
    const folders = [...ownFolders(), ...options.folders ?? []];
    const unusable = folders.find((folder) => !/^\/[^:,\\]+$/.test(folder));
    if (unusable) {
      throw new Error(
        `Cannot show "${unusable}" in a machine: want an absolute path without : , \\`,
      );
    }
    const guardian = TestProcess.start("bash", [
      join(import.meta.dirname ?? ".", "throwaway_machine.sh"),
      options.hostname ?? "throwaway",
      options.network?.namespace ?? "",
      ...folders,
    ]);
    try {
      const [, pid] = await guardian.waitForLine(/^init (\d+)$/, BOOT_DEADLINE_MS);
      const machine = new ThrowawayMachine(Number(pid), guardian);
      await machine.#waitForBoot();
      await machine.#leaveCaches();
      return machine;
    } catch (error) {
      await tearDown(guardian);
      throw error;
    }
  }

  /** Runs a command there as root, with an environment of its own, to its end. */
  run(
    command: string,
    args: readonly string[] = [],
    options: Omit<CommandOptions, "clearEnv" | "cwd"> = {},
  ): Promise<CommandResult> {
    const env = { ...environment(), ...options.env };
    return runCommand("nsenter", this.#inside(command, args), { ...options, env, clearEnv: true });
  }

  /**
   * As `run`, for a command that has to succeed; returns its standard output.
   *
   * @throws {Error} with what it printed if its status is not 0.
   */
  async runOrThrow(
    command: string,
    args: readonly string[] = [],
    options: Omit<CommandOptions, "clearEnv" | "cwd"> = {},
  ): Promise<string> {
    const { code, stdout, stderr } = await this.run(command, args, options);
    if (code === 0) return stdout;
    const said = stderr.trim() || stdout.trim();
    throw new Error(
      `Ran "${[command, ...args].join(" ")}" in the machine: status ${code}: ${said}`,
    );
  }

  /** Starts a process there as root. */
  start(
    command: string,
    args: readonly string[] = [],
    options: Omit<TestProcessOptions, "clearEnv" | "cwd"> = {},
  ): TestProcess {
    const env = { ...environment(), ...options.env };
    return TestProcess.start("nsenter", this.#inside(command, args), {
      ...options,
      env,
      clearEnv: true,
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await tearDown(this.#guardian);
  }

  #inside(command: string, args: readonly string[]): readonly string[] {
    const namespaces = ["--mount", "--uts", "--ipc", "--net", "--pid", "--cgroup"];
    const enter = ["--target", String(this.pid), ...namespaces, "--root", "--wd"];
    return [...enter, "setpriv", "--bounding-set", CAPABILITIES, command, ...args];
  }

  async #waitForBoot(): Promise<void> {
    // Before its pid 1 is systemd its root is still this machine's, where no command may run.
    const isSystemd = async () => await Deno.readTextFile(`/proc/${this.pid}/comm`) === "systemd\n";
    await eventually("pid 1 of the machine is systemd", isSystemd, BOOT_DEADLINE_MS);
    const wait = `until [ -S /run/systemd/private ]; do sleep 0.02; done
      systemctl is-system-running --wait`;
    const { stdout, stderr } = await this.run("sh", ["-c", wait], { deadlineMs: BOOT_DEADLINE_MS });
    // A unit of this machine may fail in its copy; that is "degraded" and no obstacle.
    if (!["running", "degraded"].includes(stdout.trim())) {
      throw new Error(`Cannot boot a machine: systemd says "${stdout.trim()}" ${stderr.trim()}`);
    }
  }

  /**
   * Lets the machine's programs begin caches of their own. Those of this machine are databases that its programs go on
   * writing: behind an overlay they change under whoever reads them, and half a piece of compiled code ends the runtime.
   */
  async #leaveCaches(): Promise<void> {
    await this.runOrThrow("find", [
      denoFolder(),
      "-maxdepth",
      "1",
      "-name",
      "*_cache_v*",
      "-delete",
    ]);
  }
}

/** What a test needs there to run the product: the repository, and Deno with its cache. */
function ownFolders(): readonly string[] {
  const repository = join(import.meta.dirname ?? ".", "..", "..");
  return [repository, dirname(Deno.execPath()), denoFolder()];
}

function environment(): Readonly<Record<string, string>> {
  return {
    PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    HOME: "/root",
    LANG: "C.UTF-8",
    DENO_DIR: denoFolder(),
  };
}

async function tearDown(guardian: TestProcess): Promise<void> {
  guardian.closeStdin();
  const { code } = await guardian.exited;
  if (code !== 0) throw new Error(`Cannot remove a machine: ${guardian.output("stderr")}`);
}

import { BlockedError } from "../blocked_error.ts";
import { describeFailure, type Processes } from "../processes.ts";
import type { Mounted, MountTable } from "./mount_table.ts";
import { findMounted } from "./mountinfo.ts";

/** A server of files that does not answer is given up by mount.nfs(8) after two minutes by default. */
const TIMEOUT_MS = 180_000;

/** What says that the machine or its network is at fault, not the entry. */
const INFRASTRUCTURE =
  /busy|does not exist|can't find (UUID|LABEL|PART)|timed out|refused|no route|unreachable|no space|input\/output/i;

const TAGS: Readonly<Record<string, string>> = {
  UUID: "/dev/disk/by-uuid",
  LABEL: "/dev/disk/by-label",
  PARTUUID: "/dev/disk/by-partuuid",
  PARTLABEL: "/dev/disk/by-partlabel",
};

/** The mounts of this process's namespace, through mount(8) and umount(8) of util-linux or busybox. */
export class LinuxMountTable implements MountTable {
  constructor(private readonly processes: Processes) {}

  async find(path: string): Promise<Mounted | undefined> {
    const table = await Deno.readTextFile("/proc/self/mountinfo");
    // Links are looked for last: a server of files that is gone would hold up whoever touches its mount point.
    return findMounted(table, path) ?? findMounted(table, await resolveLinks(path));
  }

  async shows(
    path: string,
    device: string,
    { isBind }: { readonly isBind: boolean },
  ): Promise<boolean> {
    if (isBind) return await isSameFile(device, path);
    const mounted = await this.find(path);
    if (mounted === undefined) return false;
    if (mounted.device === device) return true;
    const [tag = "", id = ""] = device.split(/=(.*)/s);
    const folder = TAGS[tag];
    const wanted = folder === undefined ? device : `${folder}/${id.replaceAll('"', "")}`;
    if (!wanted.startsWith("/") || !mounted.device.startsWith("/")) return false;
    return await resolveLinks(wanted) === await resolveLinks(mounted.device) ||
      await backingFile(mounted.device) === await resolveLinks(wanted);
  }

  mount(path: string): Promise<void> {
    return this.#run(["mount", "--", path], `Mounting "${path}"`);
  }

  remount(path: string, options: readonly string[]): Promise<void> {
    const list = ["remount", ...options].join(",");
    return this.#run(["mount", "-o", list, "--", path], `Remounting "${path}" with ${list}`);
  }

  unmount(path: string): Promise<void> {
    return this.#run(["umount", "--", path], `Unmounting "${path}"`);
  }

  /** systemd makes units from fstab, and would unmount what an old unit says. */
  async noticeFstab(): Promise<void> {
    if (!await exists("/run/systemd/system")) return;
    await this.#run(
      ["systemctl", "--no-ask-password", "daemon-reload"],
      "Telling systemd of fstab",
    );
  }

  async #run(argv: readonly [string, ...string[]], what: string): Promise<void> {
    const result = await this.processes.run({ argv, timeoutMs: TIMEOUT_MS });
    if (result.end === "exited" && result.status === 0) return;
    const message = describeFailure(what, result);
    const isBlocked = result.end === "timeout" || INFRASTRUCTURE.test(result.stderr);
    throw isBlocked ? new BlockedError(message) : new Error(message);
  }
}

/** As the kernel tells paths; what does not exist stays as it is. */
async function resolveLinks(path: string): Promise<string> {
  try {
    return await Deno.realPath(path);
  } catch {
    return path;
  }
}

async function exists(path: string): Promise<boolean> {
  return await Deno.lstat(path).then(() => true, () => false);
}

async function isSameFile(one: string, other: string): Promise<boolean> {
  try {
    const [a, b] = await Promise.all([Deno.stat(one), Deno.stat(other)]);
    return a.dev === b.dev && a.ino === b.ino;
  } catch {
    return false;
  }
}

/** The image that a loop device shows. */
async function backingFile(device: string): Promise<string | undefined> {
  const loop = /^\/dev\/(loop\d+)$/.exec(device)?.[1];
  if (loop === undefined) return undefined;
  return await Deno.readTextFile(`/sys/block/${loop}/loop/backing_file`).then(
    (text) => text.replace(/\n$/, ""),
    () => undefined,
  );
}

import type { Collector, TraitSystem } from "./collector.ts";

/** Most mounts listed; a container host has thousands that say nothing of the machine. */
const MAX_MOUNTS = 256;

/** Kernel interfaces: not places where data lands. */
const PSEUDO_TYPES = new Set([
  "autofs",
  "binfmt_misc",
  "bpf",
  "cgroup",
  "cgroup2",
  "configfs",
  "debugfs",
  "devfs",
  "devpts",
  "devtmpfs",
  "efivarfs",
  "fusectl",
  "hugetlbfs",
  "mqueue",
  "nsfs",
  "proc",
  "pstore",
  "rpc_pipefs",
  "securityfs",
  "sysfs",
  "tracefs",
]);

/** Where kernel interfaces are, and what containers and their layers have mounted, which comes and goes with them. */
const PASSING_PATHS = new RegExp(
  "^/(?:proc|sys|dev|run|var/lib/(?:docker|containers|containerd|kubelet/pods|lxcfs))(?:/|$)",
);
/** Layers of an overlay are its longest options, differ at every start, and say nothing to an operator. */
const LAYER_OPTION = /^(?:lowerdir|upperdir|workdir)(?:\+|=)/;
/** Most characters of one option. */
const MAX_OPTION_LENGTH = 256;

/** What is mounted where, by path: device, type and options. How full they are changes too often to be here. */
export const mountpoints: Collector = { name: "mountpoints", kind: "stable", collect };

/** One mounted file system. */
export interface Mount {
  readonly path: string;
  readonly device: string;
  readonly type: string;
  readonly options: readonly string[];
}

async function collect(system: TraitSystem, signal: AbortSignal) {
  return Object.fromEntries(
    (await readMounts(system, signal)).map(({ path, device, type, options }) => [path, {
      device,
      type,
      options: options.filter((option) => !LAYER_OPTION.test(option))
        .map((option) => option.slice(0, MAX_OPTION_LENGTH).toWellFormed()),
    }]),
  );
}

/**
 * The mounts that hold data, by path; at most {@linkcode MAX_MOUNTS}.
 *
 * @throws {Error} if the system does not tell: no machine has none.
 */
export async function readMounts(
  system: TraitSystem,
  signal: AbortSignal,
): Promise<readonly Mount[]> {
  const mounts = system.platform === "darwin"
    ? parseDarwinMounts(await system.run(["/sbin/mount"], signal) ?? "")
    : parseProcMounts(await system.readText("/proc/self/mounts") ?? "");
  if (mounts.length === 0) throw new Error("the system does not tell what is mounted");
  return mounts.filter(({ type, path }) => !PSEUDO_TYPES.has(type) && !PASSING_PATHS.test(path))
    .toSorted((a, b) => a.path < b.path ? -1 : 1).slice(0, MAX_MOUNTS);
}

/** Parses `/proc/self/mounts` (fstab(5), with blanks as octal escapes). The last mount on a path counts. */
export function parseProcMounts(text: string): readonly Mount[] {
  const byPath = new Map<string, Mount>();
  for (const line of text.split("\n")) {
    const [device, path, type, options] = line.split(" ").map(unescapeOctal);
    if (device === undefined || path === undefined || type === undefined) continue;
    byPath.set(path, { path, device, type, options: (options ?? "").split(",").filter(Boolean) });
  }
  return [...byPath.values()];
}

/** Parses mount(8) of macOS: `/dev/disk3s1 on / (apfs, sealed, local)`. */
export function parseDarwinMounts(text: string): readonly Mount[] {
  return text.split("\n").flatMap((line) => {
    const match = line.match(/^(.+?) on (\/.*) \(([^)]*)\)$/);
    if (!match?.[1] || !match[2]) return [];
    const [type = "", ...options] = (match[3] ?? "").split(",").map((part) => part.trim());
    return [{ path: match[2], device: match[1], type, options }];
  });
}

/** Blanks, tabs, line feeds and backslashes as the kernel writes them in its tables. */
export function unescapeOctal(text: string): string {
  return text.replace(
    /\\([0-7]{3})/g,
    (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)),
  );
}

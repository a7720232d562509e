import { findProtectedPath, isProtectedPackage, isProtectedService } from "./protected_names.ts";
import { unwrapCommand } from "./unwrap_command.ts";
import { readShellCommands, type ShellCommand } from "./shell_commands.ts";

/** What became of a command that was looked at. */
export type CommandVerdict =
  | { readonly ok: true }
  | {
    readonly ok: false;
    /** The kind of command, as in `systemctl stop vigo`. */
    readonly pattern: string;
    /** Completes "because it …": what the command would do. */
    readonly reason: string;
  };

/** Longest script looked at, in characters; a longer one belongs into a file, where nothing is looked at. */
export const MAX_JUDGED_LENGTH = 64 * 1024;

const PROGRAM_NAME = /^(com\.)?vigo(-envoy|srv|cli)?(\.service)?$/i;
/** A pattern of pkill that would hit Vigo's processes: `vigo`, `^vigo`, `vigo.*daemon`, `[v]igo`. */
const PROCESS_PATTERN = /v\]?igo/i;

/**
 * Whether a command keeps its hands off what Vigo itself needs on a machine: its processes, services, files and packages,
 * and the disk below all of them. A list of words is run without a shell, but may name one.
 *
 * It keeps accidents out, however they are spelt; whoever means harm has a shell at hand.
 */
export function judgeCommand(command: string | readonly string[]): CommandVerdict {
  const commands = typeof command === "string"
    ? readShellCommands(command.slice(0, MAX_JUDGED_LENGTH))
    : [{ words: command, outputs: [], folder: "" }];
  const all = commands.flatMap((found) => unwrapCommand(found));
  for (const found of all) {
    const verdict = judgeOne(found);
    if (!verdict.ok) return verdict;
  }
  return judgeTogether(all);
}

function judgeOne(command: ShellCommand): CommandVerdict {
  const output = command.outputs.map((path) => protectedPath(path, command.folder, false))
    .find((found) => found !== undefined);
  if (output !== undefined) {
    return refuse(`> ${output}`, `would overwrite ${output}, which belongs to Vigo`);
  }
  const [path = "", ...args] = command.words;
  const program = path.slice(path.lastIndexOf("/") + 1).toLowerCase();
  return judgeServices(program, path, args) ?? judgeKills(program, args) ??
    judgePaths(program, args, command.folder) ?? judgePackages(program, args) ??
    judgeDisks(program, args) ?? { ok: true };
}

const SYSTEMCTL_ACTS = new Set(["stop", "disable", "mask", "kill", "isolate"]);
const STOP_WORDS = new Set(["stop", "down", "exit", "force-stop", "kill", "shutdown"]);
const LAUNCHCTL_ACTS = new Set(["unload", "bootout", "remove", "kill", "stop", "disable"]);

function judgeServices(
  program: string,
  path: string,
  args: readonly string[],
): CommandVerdict | undefined {
  const words = args.filter((arg) => !arg.startsWith("-"));
  const [first = "", ...rest] = words;
  const stops = (pattern: string) =>
    refuse(pattern, "would end the agent or the server that keeps this machine");
  if (program === "systemctl" && SYSTEMCTL_ACTS.has(first) && rest.some(isProtectedService)) {
    return stops(`systemctl ${first} vigo`);
  }
  if (program === "service" && isProtectedService(first) && STOP_WORDS.has(rest[0] ?? "")) {
    return stops("service vigo stop");
  }
  if (program === "rc-service" && isProtectedService(first) && STOP_WORDS.has(rest[0] ?? "")) {
    return stops("rc-service vigo stop");
  }
  if (program === "rc-update" && /^del(ete)?$/.test(first) && rest.some(isProtectedService)) {
    return stops("rc-update del vigo");
  }
  if (program === "sv" && STOP_WORDS.has(first) && rest.some(isProtectedService)) {
    return stops("sv stop vigo");
  }
  if (program === "initctl" && first === "stop" && rest.some(isProtectedService)) {
    return stops("initctl stop vigo");
  }
  if (
    program === "update-rc.d" && isProtectedService(first) && /remove|disable/.test(rest[0] ?? "")
  ) {
    return stops("update-rc.d vigo remove");
  }
  if (program === "launchctl" && LAUNCHCTL_ACTS.has(first) && rest.some(isProtectedService)) {
    return stops("launchctl bootout vigo");
  }
  if (/\/init\.d\//.test(path) && isProtectedService(program) && STOP_WORDS.has(first)) {
    return stops("/etc/init.d/vigo stop");
  }
  return undefined;
}

function judgeKills(program: string, args: readonly string[]): CommandVerdict | undefined {
  const names = args.filter((arg) => !arg.startsWith("-"));
  const ends = "would end processes of Vigo";
  if (program === "pkill" && names.some((name) => PROCESS_PATTERN.test(name) || name === ".")) {
    return refuse("pkill vigo", ends);
  }
  if (program === "killall" && names.some((name) => PROCESS_PATTERN.test(name))) {
    return refuse("killall vigo", ends);
  }
  if (program === "killall5" || (program === "kill" && args.slice(1).includes("-1"))) {
    return refuse("kill -1", "would end every process of this machine");
  }
  return undefined;
}

const REMOVERS = new Set(["rm", "unlink", "rmdir", "shred", "srm", "trash"]);
const CHANGERS = new Set([
  "mv",
  "truncate",
  "tee",
  "chmod",
  "chown",
  "chgrp",
  "chattr",
  "ln",
  "cp",
  "install",
]);

function judgePaths(
  program: string,
  args: readonly string[],
  folder: string,
): CommandVerdict | undefined {
  const isRecursive = args.some((arg) => /^-\w*[rR]|^--recursive$/.test(arg));
  const paths = args.filter((arg) => !arg.startsWith("-"));
  const find = (candidates: readonly string[], withAncestors: boolean) =>
    candidates.map((path) => protectedPath(path, folder, withAncestors))
      .find((found) => found !== undefined);
  if (REMOVERS.has(program)) {
    const found = find(paths, isRecursive || program === "rmdir");
    if (found !== undefined) {
      return refuse(`rm ${found}`, `would remove ${found}, which belongs to Vigo`);
    }
  }
  if (CHANGERS.has(program)) {
    // What is copied or linked stays; what is copied to is overwritten.
    const targets = program === "cp" || program === "ln" || program === "install"
      ? paths.slice(-1)
      : paths;
    const found = find(targets, isRecursive || program === "mv");
    if (found !== undefined) {
      return refuse(`${program} ${found}`, `would change ${found}, which belongs to Vigo`);
    }
  }
  if (program === "find") {
    const acts = args.some((arg) => arg === "-delete" || REMOVERS.has(baseName(arg)));
    const starts = args.slice(0, args.findIndex((arg) => /^[-(!]/.test(arg)));
    const isNarrow = args.some((arg) => /^-i?(name|path|regex)$/.test(arg));
    const found = acts ? find(starts, !isNarrow) : undefined;
    if (found !== undefined) {
      return refuse(`find ${found} -delete`, `would remove ${found}, which belongs to Vigo`);
    }
  }
  if (program === "rsync" && args.some((arg) => arg.startsWith("--del"))) {
    const found = find(paths.slice(-1), true);
    if (found !== undefined) {
      return refuse(`rsync --delete ${found}`, `would remove ${found}, which belongs to Vigo`);
    }
  }
  return undefined;
}

const PACKAGE_ACTS: Readonly<Record<string, RegExp>> = {
  "apt": /^(remove|purge|autoremove|autopurge)$/,
  "apt-get": /^(remove|purge|autoremove)$/,
  "aptitude": /^(remove|purge)$/,
  "dpkg": /^(-r|-P|--remove|--purge)$/,
  "dnf": /^(remove|erase|autoremove)$/,
  "yum": /^(remove|erase|autoremove)$/,
  "rpm": /^(-e|--erase|-e.*)$/,
  "zypper": /^(remove|rm)$/,
  "apk": /^del$/,
  "pacman": /^-R\w*$/,
  "brew": /^(uninstall|remove|rm)$/,
};

function judgePackages(program: string, args: readonly string[]): CommandVerdict | undefined {
  const act = PACKAGE_ACTS[program];
  const isRemoval = act !== undefined && args.some((arg) => act.test(arg));
  return isRemoval && args.some(isProtectedPackage)
    ? refuse(`${program} remove vigo`, "would remove Vigo from this machine")
    : undefined;
}

const DISK = /^\/dev\/(sd|hd|vd|xvd|nvme|mmcblk|dm-|md|mapper\/|disk)/;

function judgeDisks(program: string, args: readonly string[]): CommandVerdict | undefined {
  const written = program === "dd"
    ? args.filter((arg) => arg.startsWith("of=")).map((arg) => arg.slice(3))
    : /^(mkfs(\..+)?|mke2fs|wipefs|blkdiscard|mkswap)$/.test(program)
    ? args
    : [];
  const disk = written.find((path) => DISK.test(path));
  if (disk !== undefined) return refuse(`${program} ${disk}`, `would overwrite the disk ${disk}`);
  const found = program === "dd"
    ? written.map((path) => protectedPath(path, "", false)).find((path) => path !== undefined)
    : undefined;
  return found === undefined
    ? undefined
    : refuse(`dd of=${found}`, `would overwrite ${found}, which belongs to Vigo`);
}

/** What only several commands do between them: `kill $(pidof vigo)`. */
function judgeTogether(commands: readonly ShellCommand[]): CommandVerdict {
  const programs = commands.map(({ words: [path = "", ...args] }) => ({
    program: baseName(path),
    args,
  }));
  const looksForVigo = programs.some(({ program, args }) =>
    (program === "pidof" || program === "pgrep" || program === "ps" || program === "grep") &&
    args.some((arg) => PROCESS_PATTERN.test(arg) || PROGRAM_NAME.test(arg))
  );
  return looksForVigo && programs.some(({ program }) => program === "kill")
    ? refuse("kill $(pidof vigo)", "would end processes of Vigo")
    : { ok: true };
}

function protectedPath(path: string, folder: string, withAncestors: boolean): string | undefined {
  if (path === "") return undefined;
  return findProtectedPath(path.startsWith("/") ? path : `${folder}/${path}`, { withAncestors });
}

function baseName(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1).toLowerCase();
}

function refuse(pattern: string, reason: string): CommandVerdict {
  return { ok: false, pattern, reason };
}

import { baseName, type CommandVerdict, protectedPath, refuse } from "./command_verdict.ts";
import { judgePaths, REMOVERS } from "./judge_paths.ts";
import { hitsProcess, isProtectedPackage, isProtectedService } from "./protected_names.ts";
import { unwrapCommand } from "./unwrap_command.ts";
import { echoedWords, readPiped } from "./piped_commands.ts";
import { readShellCommands, type ShellCommand } from "./shell_commands.ts";

/** Longest script looked at, in characters; a longer one belongs into a file, where nothing is looked at. */
export const MAX_JUDGED_LENGTH = 64 * 1024;

/**
 * `all` is what the server and the stacks go by. `hard` is what an agent refuses of a task whoever forces it: what would end
 * the management of the machine. Whole disks are not on it, since the one that is meant may hold none of the system.
 */
export type GuardrailList = "all" | "hard";

const PROGRAM_NAME = /^(com\.)?vigo(-envoy|srv|cli)?(\.service)?$/i;
/** A pattern of pkill that would hit Vigo's processes: `vigo`, `^vigo`, `vigo.*daemon`, `[v]igo`. */
const PROCESS_PATTERN = /v\]?igo/i;

/**
 * Whether a command keeps its hands off what Vigo itself needs on a machine: its processes, services, files and packages,
 * and the disk below all of them. A list of words is run without a shell, but may name one.
 *
 * It keeps accidents out, however they are spelt; whoever means harm has a shell at hand.
 *
 * @param folder in which it runs; empty if that is not known.
 * @param list which patterns count.
 */
export function judgeCommand(
  command: string | readonly string[],
  folder = "",
  list: GuardrailList = "all",
): CommandVerdict {
  const commands = typeof command === "string"
    ? readShellCommands(command.slice(0, MAX_JUDGED_LENGTH))
    : [{ words: command, outputs: [], folder: "" }];
  const placed = commands.map((found) => ({
    ...found,
    folder: found.folder.startsWith("/") ? found.folder : `${folder}${found.folder}`,
  }));
  const run = placed.flatMap(unwrapCommand);
  const all = [...run, ...readPiped(run).flatMap(unwrapCommand)];
  const echoed = echoedWords(all);
  const fed = new Set<string>();
  for (const found of all) {
    const text = found.words.join(" ");
    if (found.takesInput && echoed.length > 0 && !fed.has(text)) {
      fed.add(text);
      all.push({ ...found, words: [...found.words, ...echoed], takesInput: false });
    }
    const verdict = judgeOne(found, list);
    if (!verdict.ok) return verdict;
  }
  return judgeTogether(all);
}

function judgeOne(command: ShellCommand, list: GuardrailList): CommandVerdict {
  const disk = list === "all" ? command.outputs.find((path) => DISK.test(path)) : undefined;
  if (disk !== undefined) return refuse(`> ${disk}`, `would overwrite the disk ${disk}`);
  const output = command.outputs.map((path) => protectedPath(path, command.folder, false))
    .find((found) => found !== undefined);
  if (output !== undefined) {
    return refuse(`> ${output}`, `would overwrite ${output}, which belongs to Vigo`);
  }
  const [path = "", ...args] = command.words;
  const program = path.slice(path.lastIndexOf("/") + 1).toLowerCase();
  return judgePower(program, args, list) ?? judgeServices(program, path, args) ??
    judgeKills(program, args) ??
    judgePaths(program, args, command.folder) ?? judgePackages(program, args) ??
    judgeDisks(program, args, list) ?? judgeAccounts(program, args) ?? { ok: true };
}

/** Turning a machine off ends its management until somebody goes there; whoever means it says so with force. */
function judgePower(
  program: string,
  args: readonly string[],
  list: GuardrailList,
): CommandVerdict | undefined {
  const acts = program === "systemctl" ? args : [program];
  const isOff = acts.some((act) => act === "poweroff" || act === "halt") ||
    (program === "shutdown" && !args.some((arg) => /^(-[a-zA-Z]*[rck]|--reboot|--show)/.test(arg)));
  return list === "all" && isOff
    ? refuse(
      `${program === "systemctl" ? "systemctl " : ""}poweroff`,
      "would turn this machine off",
    )
    : undefined;
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
  const isRescue = [first, ...rest].some((word) => /^(rescue|emergency)(\.target)?$/.test(word));
  if (program === "systemctl" && isRescue) {
    return refuse("systemctl rescue", "would end every service of this machine");
  }
  if (/^(tel)?init$/.test(program) && /^[016sS]$/.test(first) && first !== "6") {
    return refuse(`${program} ${first}`, "would end every service of this machine");
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
  if (
    program === "pkill" && names.some((name) => PROCESS_PATTERN.test(name) || hitsProcess(name))
  ) {
    return refuse("pkill vigo", ends);
  }
  const isPattern = args.some((arg) => /^(-\w*r\w*|--regexp)$/.test(arg));
  const isHit = (name: string) => PROCESS_PATTERN.test(name) || (isPattern && hitsProcess(name));
  if (program === "killall" && names.some(isHit)) return refuse("killall vigo", ends);
  const ofRoot = args.findIndex((arg) => /^(-u|-U|--euid|--uid|--user)$/.test(arg));
  if (
    /^(pkill|killall)$/.test(program) && /^(root|0)$/.test(args[ofRoot + 1] ?? "") && ofRoot >= 0
  ) {
    return refuse(`${program} -u root`, ends);
  }
  if (program === "killall5" || (program === "kill" && args.slice(1).includes("-1"))) {
    return refuse("kill -1", "would end every process of this machine");
  }
  return undefined;
}

const PACKAGE_ACTS: ReadonlyMap<string, RegExp> = new Map(Object.entries({
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
}));

function judgePackages(program: string, args: readonly string[]): CommandVerdict | undefined {
  const act = PACKAGE_ACTS.get(program);
  // apt removes what is to be installed with a minus behind its name.
  const isMinus = program.startsWith("apt") && args.includes("install") &&
    args.some((arg) => arg.endsWith("-") && isProtectedPackage(arg));
  const isRemoval = isMinus || (act !== undefined && args.some((arg) => act.test(arg)));
  return isRemoval && args.some(isProtectedPackage)
    ? refuse(`${program} remove vigo`, "would remove Vigo from this machine")
    : undefined;
}

const DISK = /^\/dev\/(sd|hd|vd|xvd|nvme|mmcblk|dm-|md|mapper\/|disk)/;

function judgeDisks(
  program: string,
  args: readonly string[],
  list: GuardrailList,
): CommandVerdict | undefined {
  const written = program === "dd"
    ? args.filter((arg) => arg.startsWith("of=")).map((arg) => arg.slice(3))
    : /^(mkfs(\..+)?|mke2fs|wipefs|blkdiscard|mkswap|shred|sgdisk|parted|sfdisk)$/.test(program)
    ? args
    : [];
  const disk = list === "all" ? written.find((path) => DISK.test(path)) : undefined;
  if (disk !== undefined) return refuse(`${program} ${disk}`, `would overwrite the disk ${disk}`);
  const found = program === "dd"
    ? written.map((path) => protectedPath(path, "", false)).find((path) => path !== undefined)
    : undefined;
  return found === undefined
    ? undefined
    : refuse(`dd of=${found}`, `would overwrite ${found}, which belongs to Vigo`);
}

function judgeAccounts(program: string, args: readonly string[]): CommandVerdict | undefined {
  return /^(userdel|deluser)$/.test(program) && args.includes("root")
    ? refuse(`${program} root`, "would remove the superuser")
    : undefined;
}

/** Programs that find a process. */
const FINDERS = new Set(["pidof", "pgrep", "ps", "grep", "egrep", "awk", "gawk", "mawk", "lsof"]);

/** What only several commands do between them: `kill $(pidof vigo)`. */
function judgeTogether(commands: readonly ShellCommand[]): CommandVerdict {
  const programs = commands.map(({ words: [path = "", ...args] }) => ({
    program: baseName(path),
    args,
  }));
  const looksForVigo = programs.some(({ program, args }) =>
    (FINDERS.has(program) || (program === "systemctl" && args.includes("show")) ||
      (program === "cat" && args.some((arg) => arg.endsWith(".pid")))) &&
    args.some((arg) => PROCESS_PATTERN.test(arg) || PROGRAM_NAME.test(arg))
  );
  const isFoundStopped = looksForVigo &&
    commands.some(({ takesInput, words: [path = "", ...args] }) => {
      const [act = "", ...units] = args.filter((arg) => arg !== "" && !arg.startsWith("-"));
      return baseName(path) === "systemctl" && SYSTEMCTL_ACTS.has(act) &&
        (takesInput || units.length === 0);
    });
  if (isFoundStopped) {
    return refuse(
      "systemctl stop vigo",
      "would end the agent or the server that keeps this machine",
    );
  }
  const isLocated = programs.some(({ program, args }) =>
    (/^(which|type|whereis)$/.test(program) || (program === "command" && args[0] === "-v")) &&
    args.some((arg) => PROGRAM_NAME.test(arg))
  );
  if (isLocated && programs.some(({ program }) => REMOVERS.has(program))) {
    return refuse("rm $(which vigo)", "would remove a program of Vigo");
  }
  const fed = judgeInput(commands);
  if (fed) return fed;
  return looksForVigo && programs.some(({ program }) => program === "kill")
    ? refuse("kill $(pidof vigo)", "would end processes of Vigo")
    : { ok: true };
}

/** `ls -d /srv/* | xargs rm -rf`: what one command names another removes. */
function judgeInput(commands: readonly ShellCommand[]): CommandVerdict | undefined {
  const isFed = commands.some(({ takesInput, words: [program = ""] }) =>
    takesInput && REMOVERS.has(baseName(program))
  );
  if (!isFed) return undefined;
  for (const { words, folder } of commands) {
    const [program = "", ...args] = words;
    // What it lists goes to whoever removes it.
    const listed = baseName(program) === "find"
      ? judgePaths("find", [...args, "-delete"], folder)
      : undefined;
    if (listed) return listed;
    for (const word of words) {
      const found = word.startsWith("/") && !REMOVERS.has(baseName(word))
        ? protectedPath(word, folder, false)
        : undefined;
      if (found !== undefined) {
        return refuse(`xargs rm ${found}`, `would remove ${found}, which belongs to Vigo`);
      }
    }
  }
  return undefined;
}

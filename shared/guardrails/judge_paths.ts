import { baseName, type CommandVerdict, protectedPath, refuse } from "./command_verdict.ts";
import { PROGRAM_FOLDERS, PROGRAMS } from "./protected_names.ts";

/** Programs that remove what they are given. */
export const REMOVERS = new Set(["rm", "unlink", "rmdir", "shred", "srm", "trash"]);
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

/** What a command would do to files and folders, if it is to be refused for it. */
export function judgePaths(
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
    const found = find(targets, isRecursive || program === "mv") ??
      replacedProgram(program, paths, args);
    if (found !== undefined) {
      return refuse(`${program} ${found}`, `would change ${found}, which belongs to Vigo`);
    }
  }
  const written = find(writtenBy(program, args), false);
  if (written !== undefined) {
    return refuse(`${program} ${written}`, `would change ${written}, which belongs to Vigo`);
  }
  if (program === "find") {
    const acts = args.some((arg) => arg === "-delete" || REMOVERS.has(baseName(arg)));
    const rest = args.slice(args.findIndex((arg) => !/^-([LPHO]|D)/.test(arg)));
    const end = rest.findIndex((arg) => /^[-(!]/.test(arg));
    const starts = end < 0 ? rest : rest.slice(0, end);
    const patterns = args.filter((_, index) =>
      /^-i?(name|path|regex)$/.test(args[index - 1] ?? "")
    );
    const isNarrow = patterns.length > 0 &&
      !patterns.some((pattern) => /v.{0,3}igo|^\*$/i.test(pattern));
    const found = acts ? find(starts, !isNarrow) : undefined;
    if (found !== undefined) {
      return refuse(`find ${found} -delete`, `would remove ${found}, which belongs to Vigo`);
    }
  }
  if (program === "rsync") {
    const found = find(paths.slice(-1), args.some((arg) => arg.startsWith("--del")));
    if (found !== undefined) {
      return refuse(`rsync ${found}`, `would change ${found}, which belongs to Vigo`);
    }
  }
  return undefined;
}

/** Copying into a folder of programs replaces the one of the same name. */
function replacedProgram(
  program: string,
  paths: readonly string[],
  args: readonly string[],
): string | undefined {
  if (program !== "cp" && program !== "install" && program !== "mv") return undefined;
  const named = args[args.findIndex((arg) => /^(-t|--target-directory)$/.test(arg)) + 1];
  const isNamed = args.some((arg) => /^(-t|--target-directory)$/.test(arg));
  const folder = (isNamed ? named : paths.at(-1))?.replace(/\/+$/, "") ?? "";
  if (!PROGRAM_FOLDERS.includes(folder)) return undefined;
  const replaced = paths.map(baseName).find((name) => PROGRAMS.includes(name));
  return replaced && `${folder}/${replaced}`;
}

/** Files and folders that a program writes to although it is none that moves or removes files. */
function writtenBy(program: string, args: readonly string[]): readonly string[] {
  const after = (options: RegExp) =>
    args.flatMap((arg, index) => {
      const joined = /^(?:-[oOC]|--(?:output|output-document|directory)=)(.+)$/.exec(arg);
      if (joined && options.test(arg.slice(0, arg.length - (joined[1]?.length ?? 0)))) {
        return [joined[1] ?? ""];
      }
      return options.test(args[index - 1] ?? "") ? [arg] : [];
    });
  const paths = args.filter((arg) => !arg.startsWith("-"));
  switch (program) {
    case "sed":
    case "perl":
      return args.some((arg) => /^-\w*i|^--in-place/.test(arg)) ? paths : [];
    case "patch":
    case "touch":
    case "mount":
    case "umount":
      return paths;
    case "cp":
    case "install":
    case "mv":
      return after(/^(-t|--target-directory)$/);
    case "curl":
      return after(/^(-o|--output|--output=)$/);
    case "wget":
      return after(/^(-O|--output-document|--output-document=)$/);
    case "tar":
      return args.some((arg) => /^-?\w*x|^--(extract|get)$/.test(arg))
        ? after(/^(-C|--directory|--directory=)$/)
        : [];
    case "git":
      return args.includes("clean") || args.includes("reset") ? after(/^-C$/) : [];
    default:
      return [];
  }
}

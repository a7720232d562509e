import { unescapeField } from "./mountinfo.ts";

/** One line of fstab(5). */
export interface FstabEntry {
  readonly device: string;
  readonly path: string;
  readonly fstype: string;
  readonly options: readonly string[];
  readonly dump: number;
  readonly pass: number;
}

/** The entries of a mount point, in their order; usually one or none. */
export function findFstabEntries(text: string, path: string): readonly FstabEntry[] {
  return text.split("\n").map(parseLine).filter((entry) => entry !== undefined)
    .filter((entry) => entry.path === path);
}

/** The table with this entry, where one of its path stood or else at the end; everything else stays as it is. */
export function setFstabEntry(text: string, entry: FstabEntry): string {
  const lines = linesOf(text);
  const at = lines.findIndex((line) => parseLine(line)?.path === entry.path);
  if (at < 0) lines.push(formatFstabEntry(entry));
  else lines[at] = formatFstabEntry(entry);
  return lines.map((line) => `${line}\n`).join("");
}

/** The table without the entries of a mount point. */
export function removeFstabEntries(text: string, path: string): string {
  return linesOf(text).filter((line) => parseLine(line)?.path !== path)
    .map((line) => `${line}\n`).join("");
}

export function formatFstabEntry(entry: FstabEntry): string {
  const { device, path, fstype, options, dump, pass } = entry;
  return [device, path, fstype, options.join(","), String(dump), String(pass)].map(escapeField)
    .join(" ");
}

function linesOf(text: string): string[] {
  const lines = text.split("\n");
  if (lines.at(-1) === "") lines.pop();
  return lines;
}

function parseLine(line: string): FstabEntry | undefined {
  const trimmed = line.trim();
  if (trimmed === "" || trimmed.startsWith("#")) return undefined;
  const [device, path, fstype = "auto", options = "defaults", dump = "0", pass = "0"] = trimmed
    .split(/[ \t]+/).map(unescapeField);
  if (device === undefined || path === undefined) return undefined;
  return {
    device,
    // "/srv/" and "/srv" are one place.
    path: path.length > 1 ? path.replace(/\/+$/, "") : path,
    fstype,
    options: options.split(","),
    dump: Number(dump),
    pass: Number(pass),
  };
}

function escapeField(field: string): string {
  return field.replaceAll(
    /[ \t\n\\]/g,
    (char) => `\\${char.charCodeAt(0).toString(8).padStart(3, "0")}`,
  );
}

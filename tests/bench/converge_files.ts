import { basename, dirname, join } from "node:path";
import { stringify } from "yaml";
import { type BundleResource, bundleResourceSchema } from "../../shared/config/policy_bundle.ts";

/** One file to keep in a state; its path is relative to where the set is put. */
export interface ManagedFile {
  readonly path: string;
  readonly content: string;
  /** As it is written in configuration: `0644`. */
  readonly mode: string;
}

/** What every subject has to bring about, in the words of none of them. */
export interface FileSet {
  /** Relative paths, each after the one that holds it; the first is the root itself, as `.`. */
  readonly folders: readonly string[];
  readonly files: readonly ManagedFile[];
  /** Name of the account that owns everything: whoever measures, so that no right is needed. */
  readonly owner: string;
}

export const FILE_COUNT = 200;
const FILES_PER_FOLDER = 10;
/** What configuration files mostly measure, in bytes. */
const MIN_BYTES = 200;
const MAX_BYTES = 4096;
const FOLDER_MODE = "0755";
/** Mostly readable for all, some secret, some executable. */
const MODES = ["0644", "0644", "0644", "0600", "0640", "0755"];

/** The same set on every machine and in every run, so that figures of two commits can be compared. */
export function makeFileSet(owner: string): FileSet {
  const files = Array.from({ length: FILE_COUNT }, (_, index): ManagedFile => ({
    path: join(folderOf(index), `app-${index}.conf`),
    content: makeContent(index, MIN_BYTES + (index * 1361) % (MAX_BYTES - MIN_BYTES + 1)),
    mode: MODES[index % MODES.length] ?? "0644",
  }));
  const leaves = Array.from(
    { length: FILE_COUNT / FILES_PER_FOLDER },
    (_, index) => folderOf(index * FILES_PER_FOLDER),
  );
  return { folders: [".", "etc", ...leaves], files, owner };
}

function folderOf(index: number): string {
  return join("etc", `app-${Math.floor(index / FILES_PER_FOLDER)}.d`);
}

/** Lines as configuration has them, with what needs quoting in any of the languages. */
function makeContent(index: number, sizeBytes: number): string {
  let text = `# Settings of application ${index}; it's "generated"\n`;
  for (let line = 0; text.length < sizeBytes - 1; line++) {
    text += `option_${line} = C:\\share\\${(index * 7919 + line * 104_729) % 1_000_003}\n`;
  }
  return `${text.slice(0, sizeBytes - 1)}\n`;
}

/** The set as an agent receives it. */
export function toBundleResources(set: FileSet, root: string): BundleResource[] {
  const make = (type: string, path: string, dependsOn: string[], params: object) =>
    bundleResourceSchema.parse({
      id: `${type}:${path}`,
      type,
      name: path,
      crate: "converge",
      source: "configcrates/converge.vgo:1:1",
      dependsOn,
      notify: [],
      params: { ensure: "present", path, owner: set.owner, ...params },
    });
  const inside = (path: string) => [`directory:${join(root, path, "..")}`];
  return [
    ...set.folders.map((path) =>
      make("directory", join(root, path), path === "." ? [] : inside(path), { mode: FOLDER_MODE })
    ),
    ...set.files.map(({ path, content, mode }) =>
      make("file", join(root, path), inside(path), { content, mode })
    ),
  ];
}

/** The set as configcrates by name: one for what all share, and one for each folder with its files. */
export function toConfigcrates(set: FileSet, root: string): ReadonlyMap<string, string> {
  const { owner } = set;
  const crates = new Map<string, object[]>();
  const add = (name: string, resource: object) => {
    const resources = crates.get(name) ?? [];
    crates.set(name, [...resources, resource]);
  };
  for (const path of set.folders) {
    add(crateOf(path), { directory: join(root, path), mode: FOLDER_MODE, owner });
  }
  for (const { path, content, mode } of set.files) {
    add(crateOf(dirname(path)), { file: join(root, path), content, mode, owner });
  }
  return new Map([...crates].map(([name, resources]) => [name, stringify({ name, resources })]));
}

/** What lies in a folder of its own is a configcrate; the folders above them are the first one. */
function crateOf(folder: string): string {
  const name = basename(folder, ".d");
  return name.startsWith("app-") ? name : "base";
}

/** The set as a manifest of Puppet, which finds out by itself what lies in which folder. */
export function toPuppetManifest(set: FileSet, root: string): string {
  const owner = `owner => ${quote(set.owner)}`;
  return [
    ...set.folders.map((path) =>
      `file { ${quote(join(root, path))}: ensure => directory, mode => '${FOLDER_MODE}', ${owner} }`
    ),
    ...set.files.map(({ path, content, mode }) =>
      `file { ${quote(join(root, path))}: ensure => file, mode => '${mode}', ${owner}, content => ${
        quote(content)
      } }`
    ),
  ].join("\n");
}

/** A single-quoted string of Puppet's language, in which only these two are special. */
function quote(text: string): string {
  return `'${text.replaceAll(/[\\']/g, (found) => `\\${found}`)}'`;
}

/**
 * Looks whether every file is as the set says, whatever a subject claims.
 *
 * @returns A text that stays the same as long as nobody replaces or rewrites one of the files.
 * @throws {Error} naming the first file that differs.
 */
export async function verifyFiles(set: FileSet, root: string): Promise<string> {
  const stamps: string[] = [];
  for (const { path, content, mode } of set.files) {
    const at = join(root, path);
    const found = await Deno.lstat(at);
    const foundMode = ((found.mode ?? 0) & 0o7777).toString(8).padStart(4, "0");
    if (foundMode !== mode) throw new Error(`${at} has mode ${foundMode}, not ${mode}`);
    if (await Deno.readTextFile(at) !== content) throw new Error(`${at} has other content`);
    stamps.push(`${found.ino}:${found.mtime?.getTime()}`);
  }
  return stamps.join("\n");
}

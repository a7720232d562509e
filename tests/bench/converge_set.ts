import { join } from "node:path";

/** One thing to keep in a state; paths are relative to where the set is put, modes as configuration has them: `0644`. */
export type ManagedResource =
  | { readonly kind: "folder"; readonly path: string; readonly mode: string }
  | ManagedFile
  | { readonly kind: "symlink"; readonly path: string; readonly target: string }
  | ManagedCopy;

export interface ManagedFile {
  readonly kind: "file";
  readonly path: string;
  readonly content: string;
  readonly mode: string;
}

/** A command under a guard, as configuration uses them: it copies one file to another. */
export interface ManagedCopy {
  readonly kind: "copy";
  readonly from: string;
  readonly path: string;
  /** `creates`: not if there is something at `path`; `unless`: not if {@linkcode SAME} says that both files are alike. */
  readonly guard: "creates" | "unless";
}

/** What every subject has to bring about, in the words of none of them. */
export interface ConvergeSet {
  /** Each after what it needs: the folder it lies in, the file it points to or copies. */
  readonly resources: readonly ManagedResource[];
  /** Name of the account that owns files and folders: whoever measures, so that no right is needed. */
  readonly owner: string;
}

/** Programs of a {@linkcode ManagedCopy}, where Linux and macOS have them. */
export const COPY = "/bin/cp";
export const SAME = "/usr/bin/cmp";

const FILES_PER_APPLICATION = 6;
/** The folder, its files, a symbolic link and a command under each of the guards. */
export const RESOURCES_PER_APPLICATION = 1 + FILES_PER_APPLICATION + 1 + 2;
/** What configuration files mostly measure, in bytes. */
const MIN_BYTES = 200;
const MAX_BYTES = 4096;
/** Mostly readable for all, some secret, some executable. */
const MODES = ["0644", "0644", "0644", "0600", "0640", "0755"];

/**
 * The same set on every machine and in every run, so that figures of two commits can be compared.
 *
 * @param size Number of resources, a multiple of {@linkcode RESOURCES_PER_APPLICATION}.
 * @throws {RangeError} if it is another.
 */
export function makeConvergeSet(size: number, owner: string): ConvergeSet {
  if (!Number.isInteger(size / RESOURCES_PER_APPLICATION)) {
    throw new RangeError(
      `Cannot make a set of ${size} resources: want a multiple of ${RESOURCES_PER_APPLICATION}`,
    );
  }
  const resources = Array.from(
    { length: size / RESOURCES_PER_APPLICATION },
    (_, application) => makeApplication(application),
  );
  return { resources: resources.flat(), owner };
}

function makeApplication(application: number): ManagedResource[] {
  const folder = `app-${application}`;
  const files = Array.from({ length: FILES_PER_APPLICATION }, (_, number): ManagedFile => {
    const index = application * FILES_PER_APPLICATION + number;
    return {
      kind: "file",
      path: join(folder, `part-${number}.conf`),
      content: makeContent(index, MIN_BYTES + (index * 1361) % (MAX_BYTES - MIN_BYTES + 1)),
      mode: MODES[index % MODES.length] ?? "0644",
    };
  });
  const from = join(folder, "part-0.conf");
  return [
    { kind: "folder", path: folder, mode: "0755" },
    ...files,
    { kind: "symlink", path: join(folder, "current.conf"), target: "part-0.conf" },
    { kind: "copy", from, path: join(folder, "initial.conf"), guard: "creates" },
    { kind: "copy", from, path: join(folder, "active.conf"), guard: "unless" },
  ];
}

/**
 * Lines as configuration has them, with what needs quoting in any of the languages; but no two braces in a row, which some
 * of them take for an expression.
 */
function makeContent(index: number, sizeBytes: number): string {
  let text = `# Settings of application ${index}; it's "generated"\n`;
  for (let line = 0; text.length < sizeBytes - 1; line++) {
    text += `option_${line} = C:\\share\\${(index * 7919 + line * 104_729) % 1_000_003}\n`;
  }
  return `${text.slice(0, sizeBytes - 1)}\n`;
}

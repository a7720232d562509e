import type { Sha256 } from "../../shared/crypto/sha256.ts";

/** Who something belongs to. */
export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/** Who owns something and who may use it. */
export interface Attributes extends Owner {
  /** Permission bits, without the type: at most 0o7777. */
  readonly mode: number;
}

/** What is at a path; a symbolic link is itself, not what it points to. */
export type Entry =
  & Attributes
  & (
    | {
      readonly kind: "file";
      readonly sizeBytes: number;
      /** Another one means that content may have changed; made of inode, change time and size. */
      readonly stamp: string;
    }
    | { readonly kind: "directory" }
    | { readonly kind: "symlink"; readonly target: string }
    | { readonly kind: "other" }
  );

/** A regular file as a whole, from one moment: no other file's attributes beside its content. */
export interface FileCopy {
  readonly entry: Extract<Entry, { kind: "file" }>;
  readonly content: Uint8Array;
}

/** How a new file is to look once it has its name. */
export interface NewFile extends Attributes {
  /** Complete, or as it comes; if it fails, nothing is replaced. */
  readonly content: Uint8Array | AsyncIterable<Uint8Array>;
  /** Whether to wait until it is on the disk, which is so if absent; without it the caller sees to that for many files. */
  readonly durable?: boolean;
  /** Looks at the finished file under its temporary path; if it throws, nothing is replaced. */
  readonly approve?: (temporaryPath: string) => Promise<void>;
}

/**
 * The part of a file system that resources use. The last part of a path is never followed if it is a symbolic link;
 * links above it are followed only if root or the agent's own user made them, so that nobody who may write somewhere in
 * the path can turn a change elsewhere.
 *
 * Every method throws {@linkcode FileError}.
 */
export interface Files {
  /** Nothing there, or nothing above it: `undefined`. */
  inspect(path: string): Promise<Entry | undefined>;
  /** The folder that holds `path`, itself if it is reached through a link. */
  inspectFolderOf(path: string): Promise<Attributes>;
  /** Of a regular file, read in pieces. */
  sha256(path: string): Promise<Sha256>;
  /** All of a regular file; throws if it has more than `maxBytes`. */
  read(path: string, maxBytes: number): Promise<Uint8Array>;
  /** The same with what the file looks like; `undefined` if there is nothing, or nothing that has content. */
  readWithEntry(path: string, maxBytes: number): Promise<FileCopy | undefined>;
  /** A regular file in pieces, each of them the reader's to keep. */
  readStream(path: string): AsyncIterable<Uint8Array>;
  /** Names in a folder, unordered. */
  list(path: string): Promise<readonly string[]>;
  /**
   * Puts a complete file at `path` in one step: temporary file in the same folder, fsync, rename, fsync of the folder. A
   * crash leaves the old file or the new one; what a killed run may leave under the temporary name the next write to the
   * same path removes.
   */
  writeFile(path: string, file: NewFile): Promise<void>;
  /** Of a file or folder that still looks like `found`; throws if something else has taken its place since. */
  setAttributes(path: string, attributes: Partial<Attributes>, found: Entry): Promise<void>;
  /** Makes one folder, whose parent must exist; without an owner it belongs to this process's user and group. */
  makeDirectory(path: string, mode: number, owner?: Partial<Owner>): Promise<void>;
  /** Puts a link at `path` in one step, replacing a link or file that is there. */
  writeSymlink(path: string, target: string): Promise<void>;
  /** Removes a file or a link. */
  removeFile(path: string): Promise<void>;
  /** Removes a folder; with `recursive` and all in it, except across mounts, where it stops with an error. */
  removeDirectory(path: string, options: { readonly recursive: boolean }): Promise<void>;
}

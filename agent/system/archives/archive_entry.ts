/** What an archive has at a name. */
export interface ArchiveEntry {
  /** As it is written there; nothing about it is to be believed. */
  readonly name: string;
  /** In words for what is neither a file nor a folder: `symbolic link`, `device`. */
  readonly kind: "file" | "directory" | (string & Record<never, never>);
  readonly mode: number;
  readonly sizeBytes: number;
  /** Of a file; to be read before the next entry is asked for, or not at all. */
  readonly content: AsyncIterable<Uint8Array>;
}

/** An archive that cannot be read, or holds what is not unpacked. */
export class ArchiveError extends Error {
  override readonly name = "ArchiveError";
}

/** Longest name of an entry, in characters: what a path may have. */
export const MAX_NAME_LENGTH = 4095;

/** Largest content of one archive in bytes; more is a bomb, or work for a disk image. */
export const MAX_UNPACKED_BYTES = 64 * 1024 ** 3;

/** Most entries of one archive. */
export const MAX_ENTRIES = 100_000;

/** Nothing to read. */
export async function* noContent(): AsyncGenerator<Uint8Array> {}

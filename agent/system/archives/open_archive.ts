import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { pipeline, Readable, type Transform } from "node:stream";
import { createGunzip, createZstdDecompress } from "node:zlib";
import type { ArchiveFormat } from "../../../shared/config/resources/archive.ts";
import { describeFailure, type Processes } from "../processes.ts";
import { type ArchiveEntry, ArchiveError, MAX_UNPACKED_BYTES } from "./archive_entry.ts";
import { readTar } from "./tar_reader.ts";
import { readZip } from "./zip_reader.ts";

const UNPACK_TIMEOUT_MS = 3_600_000;
const PIECE_BYTES = 256 * 1024;
/** In blocks of 512 bytes, as POSIX has it. */
const DECOMPRESS_SCRIPT = `ulimit -f ${MAX_UNPACKED_BYTES / 512}; exec "$1" -dc < "$2" > "$3"`;

/** Compressions that the runtime does not know, and the programs that do. */
const PROGRAMS = { "tar.xz": "xz", "tar.bz2": "bzip2" } as const;

/**
 * The entries of an archive in a file that nobody else can change.
 *
 * @param scratch Where a decompressed copy may lie; it is the caller's to remove.
 * @throws {ArchiveError} if it cannot be read.
 */
export async function* openArchive(
  path: string,
  format: ArchiveFormat,
  { processes, scratch, signal }: {
    readonly processes: Processes;
    readonly scratch: string;
    readonly signal: AbortSignal;
  },
): AsyncGenerator<ArchiveEntry> {
  if (format === "tar.xz" || format === "tar.bz2") {
    const program = PROGRAMS[format];
    const result = await processes.run({
      argv: ["/bin/sh", "-c", DECOMPRESS_SCRIPT, "sh", program, path, scratch],
      timeoutMs: UNPACK_TIMEOUT_MS,
      signal,
    });
    if (result.end !== "exited" || result.status !== 0) {
      throw new ArchiveError(describeFailure(`${program} (package ${packageOf(program)})`, result));
    }
    yield* readTar(limit(readFile(scratch)));
  } else if (format === "zip") {
    yield* readZipFile(path);
  } else if (format === "tar") {
    yield* readTar(limit(readFile(path)));
  } else {
    const stage = format === "tar.gz" ? createGunzip() : createZstdDecompress();
    yield* readTar(limit(decompress(readFile(path), stage)));
  }
}

async function* readZipFile(path: string): AsyncGenerator<ArchiveEntry> {
  const descriptor = openSync(path, "r");
  try {
    yield* readZip({
      sizeBytes: fstatSync(descriptor).size,
      read: (offset, length) => {
        const bytes = new Uint8Array(length);
        return bytes.subarray(0, readSync(descriptor, bytes, 0, length, offset));
      },
    });
  } finally {
    closeSync(descriptor);
  }
}

async function* readFile(path: string): AsyncGenerator<Uint8Array> {
  const descriptor = openSync(path, "r");
  try {
    for (;;) {
      const bytes = new Uint8Array(PIECE_BYTES);
      const length = readSync(descriptor, bytes);
      if (length === 0) return;
      await Promise.resolve();
      yield bytes.subarray(0, length);
    }
  } finally {
    closeSync(descriptor);
  }
}

async function* decompress(
  bytes: AsyncIterable<Uint8Array>,
  stage: Transform,
): AsyncGenerator<Uint8Array> {
  try {
    // A fault of either end reaches the reader through the last stage.
    for await (const piece of pipeline(Readable.from(bytes), stage, () => {})) yield piece;
  } catch (cause) {
    throw new ArchiveError("it is not compressed as its format says, or damaged", { cause });
  }
}

async function* limit(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let total = 0;
  for await (const piece of bytes) {
    total += piece.length;
    if (total > MAX_UNPACKED_BYTES) {
      throw new ArchiveError(`it has more than ${MAX_UNPACKED_BYTES} bytes once decompressed`);
    }
    yield piece;
  }
}

function packageOf(program: string): string {
  return program === "xz" ? "xz-utils" : program;
}

import { closeSync, constants, fstatSync, openSync, readSync, type Stats } from "node:fs";
import { fileEntryOf } from "./entry_of_stats.ts";
import type { FileCopy } from "./files.ts";
import { within } from "./held_folder.ts";

/** Read at a time; between two pieces of a large file other work of the process gets its turn. */
const PIECE_BYTES = 1024 * 1024;
/** Reading a FIFO that somebody put in the way must not wait for a writer. */
export const READ_FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/** Hands a regular file on in pieces. */
export async function readPieces(path: string, take: (piece: Uint8Array) => void): Promise<void> {
  for await (const piece of streamPieces(path)) take(piece);
}

/** A regular file as a whole; throws if it has more than `maxBytes`. */
export async function readWhole(path: string, maxBytes: number): Promise<FileCopy> {
  const pieces: Uint8Array[] = [];
  let sizeBytes = 0;
  let entry: FileCopy["entry"] | undefined;
  for await (const piece of streamPieces(path, (found) => entry = fileEntryOf(found))) {
    sizeBytes += piece.length;
    if (sizeBytes > maxBytes) throw new Error(`it has more than ${maxBytes} bytes`);
    pieces.push(piece);
  }
  if (entry === undefined) throw new Error("unreachable: read without being looked at");
  return { entry, content: joinPieces(pieces, sizeBytes) };
}

/** A folder, pipe or device where a file was expected. */
export class NoContentError extends Error {}

export async function* streamPieces(
  path: string,
  see?: (found: Stats) => void,
): AsyncGenerator<Uint8Array> {
  const descriptor = within(path, (at) => openSync(at, READ_FLAGS));
  try {
    const found = fstatSync(descriptor);
    if (!found.isFile()) throw new NoContentError("it is not a regular file");
    see?.(found);
    const pieceBytes = Math.min(PIECE_BYTES, found.size + 1);
    for (;;) {
      const piece = new Uint8Array(pieceBytes);
      const length = readSync(descriptor, piece);
      if (length === 0) return;
      yield piece.subarray(0, length);
      if (length === PIECE_BYTES) await nextTurn();
    }
  } finally {
    closeSync(descriptor);
  }
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve));
}

function joinPieces(pieces: readonly Uint8Array[], sizeBytes: number): Uint8Array {
  const whole = new Uint8Array(sizeBytes);
  let offset = 0;
  for (const piece of pieces) {
    whole.set(piece, offset);
    offset += piece.length;
  }
  return whole;
}

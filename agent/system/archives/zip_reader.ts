import { pipeline, Readable } from "node:stream";
import { crc32, createInflateRaw } from "node:zlib";
import {
  type ArchiveEntry,
  ArchiveError,
  MAX_ENTRIES,
  MAX_NAME_LENGTH,
  MAX_UNPACKED_BYTES,
} from "./archive_entry.ts";

/** A file that can be read anywhere. */
export interface RandomAccess {
  readonly sizeBytes: number;
  /** Exactly `length` bytes; fewer only at the end. */
  read(offset: number, length: number): Uint8Array;
}

/** Signatures and sizes of APPNOTE.TXT, the description of the format. */
const END = { signature: 0x06054b50, sizeBytes: 22 };
const END64_LOCATOR = { signature: 0x07064b50, sizeBytes: 20 };
const END64 = { signature: 0x06064b50, sizeBytes: 56 };
const CENTRAL = { signature: 0x02014b50, sizeBytes: 46 };
const LOCAL = { signature: 0x04034b50, sizeBytes: 30 };
const MAX_COMMENT_BYTES = 0xffff;
/** Of the list of all entries: 100,000 with long names. */
const MAX_DIRECTORY_BYTES = 512 * 1024 * 1024;
const PIECE_BYTES = 256 * 1024;
/** Means: the number stands in the ZIP64 record. */
const IN_ZIP64 = 0xffffffff;
const ENCRYPTED = 0x1;
const STORED = 0, DEFLATED = 8;
/** The upper byte of "version made by" for archives from Unix, which have modes. */
const UNIX = 3;

/**
 * The entries of a ZIP archive as its central directory lists them; what lies between without being listed is never
 * looked at. Content is checked against its size and CRC. Before the first entry is given the whole list is looked
 * through: what the entries say they hold has an end, and no two share bytes, so that reading all of them reads the
 * archive once.
 *
 * @throws {ArchiveError} if it is none, is damaged, is made to grow beyond all bounds, or uses encryption or a rare
 * compression.
 */
export async function* readZip(file: RandomAccess): AsyncGenerator<ArchiveEntry> {
  const { offset, sizeBytes, count } = findDirectory(file);
  const directory = readAt(file, offset, sizeBytes);
  examine(file, directory, { offset, count });
  let at = 0;
  for (let index = 0; index < count; index++) {
    const { entry, nextAt } = parseCentral(directory, at);
    at = nextAt;
    await Promise.resolve();
    yield {
      name: entry.name,
      kind: kindOf(entry),
      mode: entry.madeBy === UNIX ? entry.mode & 0o7777 : 0o644,
      sizeBytes: entry.sizeBytes,
      content: readContent(file, entry),
    };
  }
}

function examine(
  file: RandomAccess,
  directory: Uint8Array,
  { offset, count }: { readonly offset: number; readonly count: number },
): void {
  if (count > MAX_ENTRIES) throw new ArchiveError(`it has more than ${MAX_ENTRIES} entries`);
  const extents: { readonly start: number; readonly end: number }[] = [];
  let at = 0, total = 0;
  for (let index = 0; index < count; index++) {
    const { entry, nextAt } = parseCentral(directory, at);
    at = nextAt;
    total += entry.sizeBytes;
    if (total > MAX_UNPACKED_BYTES) {
      throw new ArchiveError(`it has more than ${MAX_UNPACKED_BYTES} bytes once decompressed`);
    }
    extents.push({ start: entry.offset, end: contentStart(file, entry) + entry.compressedBytes });
  }
  extents.sort((a, b) => a.start - b.start);
  for (const [index, { end }] of extents.entries()) {
    if (end > (extents[index + 1]?.start ?? offset)) {
      throw new ArchiveError("its entries overlap, which only a bomb or a damaged archive has");
    }
  }
}

interface CentralEntry {
  readonly name: string;
  readonly madeBy: number;
  /** With the type of the file in its upper bits, as stat(2) has it. */
  readonly mode: number;
  readonly flags: number;
  readonly method: number;
  readonly crc: number;
  readonly compressedBytes: number;
  readonly sizeBytes: number;
  readonly offset: number;
}

function findDirectory(file: RandomAccess): { offset: number; sizeBytes: number; count: number } {
  const tailBytes = Math.min(file.sizeBytes, END.sizeBytes + MAX_COMMENT_BYTES);
  const tailAt = file.sizeBytes - tailBytes;
  const tail = viewOf(readAt(file, tailAt, tailBytes));
  for (let at = tailBytes - END.sizeBytes; at >= 0; at--) {
    if (tail.getUint32(at, true) !== END.signature) continue;
    // A comment may hold the signature; the real one reaches exactly to the end.
    if (at + END.sizeBytes + tail.getUint16(at + 20, true) !== tailBytes) continue;
    const count = tail.getUint16(at + 10, true);
    const sizeBytes = tail.getUint32(at + 12, true);
    const offset = tail.getUint32(at + 16, true);
    if (count === 0xffff || sizeBytes === IN_ZIP64 || offset === IN_ZIP64) {
      return findDirectory64(file, tailAt + at);
    }
    return checkDirectory({ offset, sizeBytes, count });
  }
  throw new ArchiveError("it is no ZIP archive, or ends early");
}

function findDirectory64(file: RandomAccess, endAt: number) {
  const locator = viewOf(
    readAt(file, endAt - END64_LOCATOR.sizeBytes, END64_LOCATOR.sizeBytes),
  );
  if (locator.getUint32(0, true) !== END64_LOCATOR.signature) throw damaged();
  const end = viewOf(readAt(file, readLarge(locator, 8), END64.sizeBytes));
  if (end.getUint32(0, true) !== END64.signature) throw damaged();
  return checkDirectory({
    count: readLarge(end, 32),
    sizeBytes: readLarge(end, 40),
    offset: readLarge(end, 48),
  });
}

function checkDirectory(found: { offset: number; sizeBytes: number; count: number }) {
  if (found.sizeBytes > MAX_DIRECTORY_BYTES) throw new ArchiveError("it lists too many entries");
  return found;
}

function parseCentral(directory: Uint8Array, at: number): { entry: CentralEntry; nextAt: number } {
  if (at + CENTRAL.sizeBytes > directory.length) throw damaged();
  const view = viewOf(directory.subarray(at));
  if (view.getUint32(0, true) !== CENTRAL.signature) throw damaged();
  const nameBytes = view.getUint16(28, true);
  const extraBytes = view.getUint16(30, true);
  const nameAt = at + CENTRAL.sizeBytes;
  const nextAt = nameAt + nameBytes + extraBytes + view.getUint16(32, true);
  if (nextAt > directory.length) throw damaged();
  const extra = directory.subarray(nameAt + nameBytes, nameAt + nameBytes + extraBytes);
  const sizes = readZip64(extra, [
    view.getUint32(24, true),
    view.getUint32(20, true),
    view.getUint32(42, true),
  ]);
  return {
    nextAt,
    entry: {
      name: decodeName(directory.subarray(nameAt, nameAt + nameBytes)),
      madeBy: view.getUint8(5),
      mode: view.getUint32(38, true) >>> 16,
      flags: view.getUint16(8, true),
      method: view.getUint16(10, true),
      crc: view.getUint32(16, true),
      sizeBytes: sizes[0],
      compressedBytes: sizes[1],
      offset: sizes[2],
    },
  };
}

/** Numbers that do not fit stand in the extra field 1, in their order. */
function readZip64(
  extra: Uint8Array,
  numbers: readonly [number, number, number],
): readonly [number, number, number] {
  if (!numbers.includes(IN_ZIP64)) return numbers;
  const view = viewOf(extra);
  for (let at = 0; at + 4 <= extra.length;) {
    const length = view.getUint16(at + 2, true);
    if (view.getUint16(at, true) !== 1) {
      at += 4 + length;
      continue;
    }
    let field = at + 4;
    const large = (number: number) => {
      if (number !== IN_ZIP64) return number;
      if (field + 8 > Math.min(extra.length, at + 4 + length)) throw damaged();
      field += 8;
      return readLarge(view, field - 8);
    };
    return [large(numbers[0]), large(numbers[1]), large(numbers[2])];
  }
  throw damaged();
}

async function* readContent(
  file: RandomAccess,
  entry: CentralEntry,
): AsyncGenerator<Uint8Array> {
  if ((entry.flags & ENCRYPTED) !== 0) throw new ArchiveError(`"${entry.name}" is encrypted`);
  if (entry.method !== STORED && entry.method !== DEFLATED) {
    throw new ArchiveError(`"${entry.name}" is compressed by a method that is not known`);
  }
  const raw = readPieces(file, contentStart(file, entry), entry.compressedBytes);
  const pieces: AsyncIterable<Uint8Array> = entry.method === STORED
    ? raw
    : pipeline(Readable.from(raw), createInflateRaw(), () => {});
  let sizeBytes = 0, crc = 0;
  try {
    for await (const piece of pieces) {
      sizeBytes += piece.length;
      // More than it says is a bomb, or damaged.
      if (sizeBytes > entry.sizeBytes) throw damaged();
      crc = crc32(piece, crc);
      yield piece;
    }
  } catch (cause) {
    throw cause instanceof ArchiveError ? cause : new ArchiveError("it is damaged", { cause });
  }
  if (sizeBytes !== entry.sizeBytes || crc !== entry.crc) throw damaged();
}

/** Where the content of an entry begins: behind its local header, which is as long as that says itself. */
function contentStart(file: RandomAccess, { offset }: CentralEntry): number {
  const local = viewOf(readAt(file, offset, LOCAL.sizeBytes));
  if (local.getUint32(0, true) !== LOCAL.signature) throw damaged();
  return offset + LOCAL.sizeBytes + local.getUint16(26, true) + local.getUint16(28, true);
}

async function* readPieces(
  file: RandomAccess,
  start: number,
  length: number,
): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < length; at += PIECE_BYTES) {
    await Promise.resolve();
    yield readAt(file, start + at, Math.min(PIECE_BYTES, length - at));
  }
}

function kindOf({ name, madeBy, mode }: CentralEntry): string {
  const type = madeBy === UNIX ? mode & 0o170000 : 0;
  if (type === 0o120000) return "symbolic link";
  if (type !== 0 && type !== 0o100000 && type !== 0o040000) return "device, socket or pipe";
  return type === 0o040000 || name.endsWith("/") ? "directory" : "file";
}

function decodeName(bytes: Uint8Array): string {
  if (bytes.length > MAX_NAME_LENGTH) throw new ArchiveError("a name in it is too long");
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new ArchiveError("a name in it is not UTF-8");
  }
}

function readAt(file: RandomAccess, offset: number, length: number): Uint8Array {
  if (offset < 0 || length < 0 || offset + length > file.sizeBytes) throw damaged();
  const bytes = file.read(offset, length);
  if (bytes.length !== length) throw damaged();
  return bytes;
}

function readLarge(view: DataView, at: number): number {
  const value = view.getBigUint64(at, true);
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw damaged();
  return Number(value);
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function damaged(): ArchiveError {
  return new ArchiveError("it is damaged");
}

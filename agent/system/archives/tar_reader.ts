import { type ArchiveEntry, ArchiveError, MAX_NAME_LENGTH, noContent } from "./archive_entry.ts";
import { ByteReader } from "./byte_reader.ts";

const BLOCK = 512;
/** Of extended headers and long names; they hold some names and times. */
const MAX_EXTENSION_BYTES = 1024 * 1024;

/** The type flags of POSIX pax and of GNU tar. */
const KINDS: Readonly<Record<string, string>> = {
  "0": "file",
  "\0": "file",
  "7": "file",
  "1": "hard link",
  "2": "symbolic link",
  "3": "character device",
  "4": "block device",
  "5": "directory",
  "6": "named pipe",
  "S": "sparse file",
};

/** What extended headers say of the entry after them. */
interface Extension {
  readonly path?: string;
  readonly size?: number;
}

/**
 * The entries of a tar archive: POSIX ustar and pax, and the long names and sizes of GNU tar.
 *
 * @throws {ArchiveError} if it is none, or ends early.
 */
export async function* readTar(
  bytes: AsyncIterable<Uint8Array>,
): AsyncGenerator<ArchiveEntry> {
  const reader = new ByteReader(bytes);
  try {
    let global: Extension = {};
    let next: Extension = {};
    for (let isFirst = true;; isFirst = false) {
      const block = await reader.read(BLOCK);
      // Two empty blocks end it; an archive cut before them is taken by every tar.
      if (block === undefined || block.every((byte) => byte === 0)) {
        if (isFirst && block === undefined) throw new ArchiveError("it is empty");
        return;
      }
      const header = parseHeader(block);
      const padding = (BLOCK - header.size % BLOCK) % BLOCK;
      if (header.flag === "x" || header.flag === "g") {
        const found = parsePax(await readExtension(reader, header.size));
        if (header.flag === "g") global = { ...global, ...found };
        else next = { ...next, ...found };
      } else if (header.flag === "L") {
        next = { ...next, path: textOf(await readExtension(reader, header.size)) };
      } else if (header.flag === "K") {
        await readExtension(reader, header.size);
      } else {
        const { path, size } = { path: header.name, size: header.size, ...global, ...next };
        next = {};
        if (path.length > MAX_NAME_LENGTH) throw new ArchiveError("a name in it is too long");
        const content = reader.stream(size);
        yield describe(path, header, size, content);
        // What nobody read.
        for await (const _piece of content);
        await reader.read((BLOCK - size % BLOCK) % BLOCK);
        continue;
      }
      await reader.read(padding);
    }
  } finally {
    await reader.close();
  }
}

interface Header {
  readonly name: string;
  readonly mode: number;
  readonly size: number;
  readonly flag: string;
}

function parseHeader(block: Uint8Array): Header {
  const field = (from: number, length: number) => block.subarray(from, from + length);
  if (parseNumber(field(148, 8)) !== checksum(block)) {
    throw new ArchiveError("it is no tar archive, or damaged");
  }
  const name = textOf(field(0, 100));
  // The prefix is part of ustar alone; older GNU headers have times there.
  const isUstar = textOf(field(257, 6)) === "ustar";
  const prefix = isUstar ? textOf(field(345, 155)) : "";
  return {
    name: prefix === "" ? name : `${prefix}/${name}`,
    mode: parseNumber(field(100, 8)) & 0o7777,
    size: parseNumber(field(124, 12)),
    flag: String.fromCharCode(block[156] ?? 0),
  };
}

function describe(
  name: string,
  { flag, mode }: Header,
  size: number,
  content: AsyncIterable<Uint8Array>,
): ArchiveEntry {
  const kind = KINDS[flag] ?? `entry of type ${JSON.stringify(flag)}`;
  // Old archives tell folders by the slash alone.
  const isFolder = kind === "directory" || kind === "file" && name.endsWith("/");
  if (isFolder) return { name, kind: "directory", mode, sizeBytes: 0, content: noContent() };
  return { name, kind, mode, sizeBytes: size, content };
}

/** The sum of all bytes, with blanks where the sum itself stands. */
function checksum(block: Uint8Array): number {
  return block.reduce((sum, byte, at) => sum + (at >= 148 && at < 156 ? 32 : byte), 0);
}

/** Octal digits; or, with the first bit set, the bytes of a large number. */
function parseNumber(field: Uint8Array): number {
  const [first = 0] = field;
  if ((first & 0x80) !== 0) {
    const value = field.reduce((sum, byte, at) => sum * 256 + (at === 0 ? byte & 0x7f : byte), 0);
    if (!Number.isSafeInteger(value)) throw new ArchiveError("a size in it is too large");
    return value;
  }
  const digits = textOf(field).trim();
  if (digits === "") return 0;
  if (!/^[0-7]+$/.test(digits)) throw new ArchiveError("it is no tar archive, or damaged");
  return Number.parseInt(digits, 8);
}

function textOf(field: Uint8Array): string {
  const end = field.indexOf(0);
  return decode(end < 0 ? field : field.subarray(0, end));
}

function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new ArchiveError("a name in it is not UTF-8");
  }
}

async function readExtension(reader: ByteReader, size: number): Promise<Uint8Array> {
  if (size > MAX_EXTENSION_BYTES) throw new ArchiveError("a header in it is too large");
  const bytes = await reader.read(size);
  if (bytes === undefined) throw new ArchiveError("it ends in the middle of an entry");
  return bytes;
}

/** Records of `length key=value\n`, in which the length counts bytes and itself. */
function parsePax(bytes: Uint8Array): Extension {
  let found: Extension = {};
  for (let at = 0; at < bytes.length;) {
    const blank = bytes.indexOf(0x20, at);
    const length = blank < 0 ? NaN : Number(decode(bytes.subarray(at, blank)));
    const record = bytes.subarray(blank + 1, at + length - 1);
    const equals = record.indexOf(0x3d);
    if (!Number.isInteger(length) || length < 5 || at + length > bytes.length || equals < 0) {
      throw new ArchiveError("a header in it is damaged");
    }
    const key = decode(record.subarray(0, equals));
    const value = record.subarray(equals + 1);
    if (key === "path") found = { ...found, path: decode(value) };
    if (key === "size") {
      const size = Number(decode(value));
      if (!Number.isSafeInteger(size) || size < 0) throw new ArchiveError("a size in it is none");
      found = { ...found, size };
    }
    // Sparse files of GNU tar hide behind ordinary ones.
    if (key.startsWith("GNU.sparse.")) throw new ArchiveError("it holds a sparse file");
    at += length;
  }
  return found;
}

import { type ChunkLayout, chunkSpan } from "../../../shared/swarm/chunk_layout.ts";

/** Reads `length` bytes at `offset`; shorter only if the file ends before. */
export async function readAt(
  path: string,
  offset: number,
  into: Uint8Array,
): Promise<number> {
  using file = await Deno.open(path, { read: true });
  await file.seek(offset, Deno.SeekMode.Start);
  return await readFully(file, into);
}

/** Reads one chunk of a file; `undefined` if the file ends within it. */
export async function readChunk(
  path: string,
  layout: ChunkLayout,
  chunk: number,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const { offset, length } = chunkSpan(layout, chunk);
  const bytes = new Uint8Array(length);
  return await readAt(path, offset, bytes) === length ? bytes : undefined;
}

async function readFully(file: Deno.FsFile, into: Uint8Array): Promise<number> {
  let filled = 0;
  while (filled < into.length) {
    const count = await file.read(into.subarray(filled));
    if (count === null) break;
    filled += count;
  }
  return filled;
}

/** The content of a small file; `undefined` if it does not exist. */
export async function readIfPresent(path: string): Promise<Uint8Array<ArrayBuffer> | undefined> {
  try {
    return await Deno.readFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/** Removes a file, link or folder; nothing happens if it is not there. */
export async function removeIfPresent(path: string): Promise<void> {
  try {
    await Deno.remove(path, { recursive: true });
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

/** Makes a folder that only its owner may enter, and says whether it was there. */
export async function makeFolder(path: string): Promise<"new" | "there"> {
  try {
    await Deno.mkdir(path, { mode: 0o700 });
    return "new";
  } catch (error) {
    if (error instanceof Deno.errors.AlreadyExists) return "there";
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    await Deno.mkdir(path, { recursive: true, mode: 0o700 });
    return "new";
  }
}

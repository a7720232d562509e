import { join } from "node:path";
import type { Sha256 } from "../../shared/crypto/sha256.ts";

/** Bytes read and sent at a time: large enough to cost little, small enough to share the server with check-ins. */
export const PIECE_BYTES = 256 * 1024;

/** A part of a file in the blob store of the server's own host. */
export interface BlobSpan extends Disposable {
  readonly lengthBytes: number;
  /** The next bytes; `undefined` at the end. @throws {Error} if the file is shorter than it was. */
  read(): Promise<Uint8Array | undefined>;
}

/**
 * Opens the file that the agent of this host holds for a blob: what it fetched, or a link to what it seeds. Nothing here is
 * verified: whoever receives the bytes checks each chunk against the signed entry.
 *
 * @returns `undefined` if the host does not hold it whole, has no agent, or does not let this process read it.
 */
export async function openHostBlob(
  folder: string,
  sha256: Sha256,
  span?: { readonly offset: number; readonly length: number },
): Promise<BlobSpan | undefined> {
  return span
    ? await openSpan(join(folder, sha256), span)
    : await openSpan(join(folder, `${sha256}.digests`));
}

async function openSpan(
  path: string,
  span?: { readonly offset: number; readonly length: number },
): Promise<BlobSpan | undefined> {
  let file: Deno.FsFile;
  try {
    file = await Deno.open(path, { read: true });
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    if (error instanceof Deno.errors.PermissionDenied) return undefined;
    throw error;
  }
  try {
    const lengthBytes = span?.length ?? (await file.stat()).size;
    await file.seek(span?.offset ?? 0, Deno.SeekMode.Start);
    let left = lengthBytes;
    return {
      lengthBytes,
      read: async () => {
        if (left === 0) return undefined;
        const buffer = new Uint8Array(Math.min(PIECE_BYTES, left));
        const count = await file.read(buffer);
        if (count === null) throw new Error(`"${path}" ended ${left} bytes early`);
        left -= count;
        return buffer.subarray(0, count);
      },
      [Symbol.dispose]: () => file.close(),
    };
  } catch (error) {
    file.close();
    throw error;
  }
}

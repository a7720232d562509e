import { createHash, type Hash } from "node:crypto";
import { heldRights } from "../held_rights.ts";
import type { FromHasher, ToHasher } from "./hasher_protocol.ts";

/** Bytes hashed before other jobs and messages get their turn: some 12 ms. */
const SLICE_BYTES = 4 * 1024 * 1024;
/** Bytes read at once. */
const READ_BYTES = 256 * 1024;

interface PrefixJob {
  readonly file: Deno.FsFile;
  readonly hash: Hash;
  hashedBytes: number;
  endBytes: number;
  finishing: boolean;
  running: boolean;
}

/**
 * Answers hashing jobs that come through `port`, each in slices, so that a large seed does not hold up a small download.
 * Runs in a worker of its own: hashing would otherwise stall every connection of the engine.
 */
export function serveHasher(port: MessagePort): void {
  const prefixes = new Map<number, PrefixJob>();
  const buffer = new Uint8Array(READ_BYTES);
  const answer = (message: FromHasher, transfer: Transferable[] = []) =>
    port.postMessage(message, transfer);

  const forget = (id: number) => {
    prefixes.get(id)?.file.close();
    prefixes.delete(id);
  };

  const fail = (id: number, error: unknown) => {
    forget(id);
    answer({ kind: "failed", id, reason: error instanceof Error ? error.message : String(error) });
  };

  const advance = async (id: number, job: PrefixJob) => {
    if (job.running) return;
    job.running = true;
    while (prefixes.get(id) === job && job.hashedBytes < job.endBytes) {
      const sliceEnd = Math.min(job.endBytes, job.hashedBytes + SLICE_BYTES);
      while (job.hashedBytes < sliceEnd) {
        const wanted = Math.min(buffer.length, sliceEnd - job.hashedBytes);
        const count = job.file.readSync(buffer.subarray(0, wanted));
        if (count === null) throw new Error("the file ended early");
        job.hash.update(buffer.subarray(0, count));
        job.hashedBytes += count;
      }
      await nextTurn();
    }
    job.running = false;
    if (prefixes.get(id) !== job || !job.finishing || job.hashedBytes < job.endBytes) return;
    forget(id);
    answer({ kind: "finished", id, sha256: job.hash.digest("hex") });
  };

  const scan = async (id: number, path: string, chunkSizeBytes: number) => {
    using file = openForReading(path);
    const whole = createHash("sha256");
    const digests: Uint8Array[] = [];
    let sizeBytes = 0;
    let chunk = createHash("blake2b512");
    for (let inSlice = 0;;) {
      const untilChunkEnd = chunkSizeBytes - sizeBytes % chunkSizeBytes;
      const count = file.readSync(buffer.subarray(0, Math.min(buffer.length, untilChunkEnd)));
      if (count === null) break;
      const bytes = buffer.subarray(0, count);
      whole.update(bytes);
      chunk.update(bytes);
      sizeBytes += count;
      inSlice += count;
      if (sizeBytes % chunkSizeBytes === 0) {
        digests.push(chunk.digest());
        chunk = createHash("blake2b512");
      }
      if (inSlice >= SLICE_BYTES) {
        inSlice = 0;
        await nextTurn();
      }
    }
    if (sizeBytes % chunkSizeBytes !== 0) digests.push(chunk.digest());
    const joined = new Uint8Array(digests.reduce((sum, { length }) => sum + length, 0));
    digests.reduce((offset, digest) => (joined.set(digest, offset), offset + digest.length), 0);
    const sha256 = whole.digest("hex");
    answer({ kind: "scanned", id, sizeBytes, sha256, digests: joined }, [joined.buffer]);
  };

  const handle = async (message: ToHasher) => {
    const { id } = message;
    switch (message.kind) {
      case "scan":
        return await scan(id, message.path, message.chunkSizeBytes);
      case "begin": {
        const file = openForReading(message.path);
        const hash = createHash("sha256");
        prefixes.set(id, {
          file,
          hash,
          hashedBytes: 0,
          endBytes: 0,
          finishing: false,
          running: false,
        });
        return;
      }
      case "advance":
      case "finish": {
        const job = prefixes.get(id);
        if (!job) return;
        if (message.kind === "finish") job.finishing = true;
        else job.endBytes = Math.max(job.endBytes, message.endBytes);
        return await advance(id, job);
      }
      case "forget":
        return forget(id);
      case "rights":
        return answer({ kind: "rights", id, rights: heldRights(message.folder) });
    }
  };

  // The other end is the engine's own client, which sends nothing but this type.
  port.onmessage = ({ data }: MessageEvent<ToHasher>) => {
    handle(data).catch((error: unknown) => fail(data.id, error));
  };
}

/** Opens at once, so that messages are handled in the order in which they came. */
function openForReading(path: string): Deno.FsFile {
  return Deno.openSync(path, { read: true });
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}

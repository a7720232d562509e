import { createHash } from "node:crypto";
import { join } from "node:path";
import type { Sha256 } from "../../shared/crypto/sha256.ts";
import { syncFolder, writeFileDurable } from "../../shared/platform/durable_write.ts";
import type { SwarmFile } from "../../shared/swarm/retention.ts";

const INCOMING_PREFIX = ".incoming-";
/** An upload that brings no byte for so long is given up, in ms. */
const IDLE_LIMIT_MS = 60_000;
/** What an upload leaves behind when the server dies is removed after this time, in ms. */
const ABANDONED_AFTER_MS = 60 * 60_000;

/** A file to be handed to the seeder. */
export interface SeedUpload {
  /** `seed/` of the host's own envoy. */
  readonly folder: string;
  readonly label: string;
  readonly sizeBytes: number;
  readonly manifest: SwarmFile;
  readonly body: ReadableStream<Uint8Array>;
  /** Called once the whole file is here, before anybody can see it. What it throws is thrown on, and nothing is seeded. */
  readonly beforeSeeding: (sha256: Sha256) => Promise<void>;
}

export type UploadResult = { readonly ok: true; readonly sha256: Sha256 } | {
  readonly ok: false;
  readonly reason: string;
};

/**
 * Streams a file into the seed folder and hashes it in the same pass.
 *
 * Until the last step the agent sees nothing: the bytes land under a dot-name, are fsynced and renamed, and only then the
 * `.swarm` file that makes a seed of them appears, durably. A crash in between leaves a `.incoming-*` file or a file
 * without `.swarm`, neither of which is ever seeded.
 */
export async function receiveSeed(upload: SeedUpload): Promise<UploadResult> {
  const incoming = join(upload.folder, INCOMING_PREFIX + crypto.randomUUID());
  const target = join(upload.folder, upload.label);
  try {
    const written = await writeHashed(incoming, upload);
    if (!written.ok) return written;
    await upload.beforeSeeding(written.sha256);
    // The target of an earlier file of this label must not apply to the new bytes for even a moment.
    await removeIfPresent(`${target}.swarm`);
    await syncFolder(upload.folder);
    await Deno.rename(incoming, target);
    await syncFolder(upload.folder);
    await writeFileDurable(`${target}.swarm`, `${JSON.stringify(upload.manifest, null, 2)}\n`, {
      mode: 0o644,
    });
    return written;
  } finally {
    await removeIfPresent(incoming);
  }
}

/** Makes a plain file of a seed again. The file stays: its removal would revoke the blob, whatever its other names. */
export async function withdrawSeed(folder: string, label: string): Promise<void> {
  await removeIfPresent(join(folder, `${label}.swarm`));
  await syncFolder(folder);
}

/** Removes what uploads of an earlier process left in the seed folder. */
export async function removeAbandonedUploads(folder: string, nowMs: number): Promise<void> {
  try {
    for await (const { name, isFile } of Deno.readDir(folder)) {
      if (!isFile || !name.startsWith(INCOMING_PREFIX)) continue;
      const { mtime } = await Deno.lstat(join(folder, name));
      if (mtime && nowMs - mtime.getTime() > ABANDONED_AFTER_MS) {
        await removeIfPresent(join(folder, name));
      }
    }
  } catch (error) {
    // The host may have no agent yet.
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

async function writeHashed(
  path: string,
  { body, sizeBytes }: SeedUpload,
): Promise<UploadResult> {
  using file = await Deno.open(path, { write: true, createNew: true, mode: 0o600 });
  const hash = createHash("sha256");
  const reader = body.getReader();
  let receivedBytes = 0;
  try {
    for (;;) {
      const { done, value } = await withIdleLimit(reader.read());
      if (done) break;
      receivedBytes += value.length;
      if (receivedBytes > sizeBytes) {
        return { ok: false, reason: `more than the announced ${sizeBytes} bytes came` };
      }
      hash.update(value);
      for (let at = 0; at < value.length;) at += await file.write(value.subarray(at));
    }
  } finally {
    // Whoever sends is told that nobody reads any more; it may be gone already.
    reader.cancel().catch(() => {});
  }
  if (receivedBytes !== sizeBytes) {
    return { ok: false, reason: `${receivedBytes} of the announced ${sizeBytes} bytes came` };
  }
  await Deno.chmod(path, 0o644);
  await file.sync();
  // Proven by construction: 32 bytes printed as hex.
  return { ok: true, sha256: hash.digest("hex") as Sha256 };
}

async function withIdleLimit<T>(read: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, fail) => {
    timer = setTimeout(
      () => fail(new Error(`the upload brought nothing for ${IDLE_LIMIT_MS} ms`)),
      IDLE_LIMIT_MS,
    );
  });
  try {
    return await Promise.race([read, late]);
  } finally {
    clearTimeout(timer);
  }
}

async function removeIfPresent(path: string): Promise<void> {
  try {
    await Deno.remove(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

import { dirname } from "node:path";

/** How a durable write creates its file. */
export interface DurableWriteOptions {
  /** Permission bits of the finished file. Keys are 0600. */
  readonly mode: number;
}

/**
 * Replaces the file at `path` in one step: temporary file in the same folder, fsync, rename, fsync of the folder.
 *
 * After a crash the path holds the old bytes or the new ones, never a mixture: before the rename only a `.tmp-*` file can
 * be left behind, after it the new content is complete; once this returns the change survives loss of power.
 *
 * @throws {Deno.errors.NotFound} if the folder does not exist, and whatever else the file system reports (a full disk, a
 * missing right). The old file is then untouched and the temporary file is gone.
 */
export async function writeFileDurable(
  path: string,
  data: Uint8Array | string,
  { mode }: DurableWriteOptions,
): Promise<void> {
  await replaceFile(path, data, { mode, isSynced: true });
  await syncFolder(dirname(path));
}

/**
 * Replaces the file at `path` in one step, for what can be made anew: it costs a third of {@linkcode writeFileDurable}, since
 * nothing waits for the disk.
 *
 * Whoever reads the path finds the old bytes or the new ones, also after the process was killed. After a loss of power it may
 * hold either, or be cut short.
 *
 * @throws as {@linkcode writeFileDurable} does; the old file is then untouched.
 */
export async function writeFileAtomic(
  path: string,
  data: Uint8Array | string,
  { mode }: DurableWriteOptions,
): Promise<void> {
  await replaceFile(path, data, { mode, isSynced: false });
}

async function replaceFile(
  path: string,
  data: Uint8Array | string,
  options: DurableWriteOptions & { readonly isSynced: boolean },
): Promise<void> {
  const temporary = `${dirname(path)}/.tmp-${crypto.randomUUID()}`;
  try {
    await writeTemporary(temporary, data, options);
    await Deno.rename(temporary, path);
  } catch (error) {
    await removeIfPresent(temporary);
    throw error;
  }
}

/**
 * {@linkcode writeFileDurable} for a process that has nothing else to do meanwhile: it waits for the disk itself, which costs
 * a fraction of handing each step to another thread.
 */
export function writeFileDurableSync(
  path: string,
  data: Uint8Array | string,
  { mode }: DurableWriteOptions,
): void {
  const temporary = `${dirname(path)}/.tmp-${crypto.randomUUID()}`;
  try {
    using file = Deno.openSync(temporary, { write: true, createNew: true, mode: 0o600 });
    const bytes = typeof data === "string" ? new TextEncoder().encode(data) : data;
    for (let written = 0; written < bytes.length;) {
      written += file.writeSync(bytes.subarray(written));
    }
    Deno.chmodSync(temporary, mode);
    file.syncSync();
    Deno.renameSync(temporary, path);
  } catch (error) {
    try {
      Deno.removeSync(temporary);
    } catch (cause) {
      if (!(cause instanceof Deno.errors.NotFound)) throw cause;
    }
    throw error;
  }
  syncFolderSync(dirname(path));
}

/** {@linkcode syncFolder} for a process that has nothing else to do meanwhile. */
export function syncFolderSync(path: string): void {
  using folder = Deno.openSync(path, { read: true });
  folder.syncSync();
}

/** Makes the names in a folder durable: a rename survives a crash only after this. */
export async function syncFolder(path: string): Promise<void> {
  using folder = await Deno.open(path, { read: true });
  await folder.sync();
}

async function writeTemporary(
  path: string,
  data: Uint8Array | string,
  { mode, isSynced }: DurableWriteOptions & { readonly isSynced: boolean },
): Promise<void> {
  using file = await Deno.open(path, { write: true, createNew: true, mode: 0o600 });
  const bytes = typeof data === "string" ? new TextEncoder().encode(data) : data;
  for (let written = 0; written < bytes.length;) {
    written += await file.write(bytes.subarray(written));
  }
  // The umask masks the mode given to open, so it is set while the file still has its temporary name.
  await Deno.chmod(path, mode);
  if (isSynced) await file.sync();
}

async function removeIfPresent(path: string): Promise<void> {
  try {
    await Deno.remove(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

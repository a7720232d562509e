import { QueueStore } from "./queue_store.ts";
import { isAbsent } from "../store/is_absent.ts";

/** Where a refusal to read is told. */
interface StoreLog {
  error(message: string, properties: Record<string, unknown>): void;
}

/**
 * Opens `poolq.db`. What cannot be opened is set aside as `poolq.db.damaged-<time>` and a new one started, with an error in
 * the log: what it held is found again in homes, at peers and at the server.
 */
export async function openQueueStore(
  path: string,
  log: StoreLog,
  nowMs: number,
): Promise<QueueStore> {
  try {
    return await open(path);
  } catch (error) {
    const aside = `${path}.damaged-${nowMs}`;
    for (const suffix of ["", "-wal", "-shm"]) {
      await Deno.rename(path + suffix, aside + suffix).catch((cause) => {
        if (!isAbsent(cause)) throw cause;
      });
    }
    log.error("the database of queues cannot be read; it was set aside and a new one started", {
      path,
      aside,
      reason: error instanceof Error ? error.message : String(error),
    });
    return await open(path);
  }
}

/** SQLite would create the file for everybody to read. */
async function open(path: string): Promise<QueueStore> {
  const file = await Deno.open(path, { write: true, create: true, mode: 0o600 });
  file.close();
  return QueueStore.open(path);
}

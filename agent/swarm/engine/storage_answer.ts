import { type DiskSpace, readDiskSpace } from "../blobs/disk_gate.ts";
import type { StorageAnswer } from "../peers/peer_api.ts";

/** What is known about the disk is used this long. */
const CACHE_MS = 60_000;
/** Purposes whose data lands in `.blobs/`. */
const PURPOSES: readonly string[] = ["payload", "filecast"];
/** Pushed news are written only while this much is free: a full manifest, and as much again while it is replaced. */
const PUSH_ROOM_BYTES = 32 * 1024 * 1024;

/** Tells peers how much room there is, without asking the disk each time. */
export class StorageAnswers {
  readonly #folder: string;
  readonly #now: () => number;
  readonly #read: (folder: string) => Promise<DiskSpace>;
  #last: { readonly space: DiskSpace; readonly readMs: number } | undefined;

  constructor(
    folder: string,
    now: () => number = Date.now,
    read: (folder: string) => Promise<DiskSpace> = readDiskSpace,
  ) {
    this.#folder = folder;
    this.#now = now;
    this.#read = read;
  }

  /** The room where the data of `purpose` lands; `undefined` if there is no such purpose. */
  async answer(purpose: string): Promise<StorageAnswer | undefined> {
    if (!PURPOSES.includes(purpose)) return undefined;
    const { freeBytes, freePercent } = await this.#space();
    return { free_pct: freePercent, free_bytes: freeBytes };
  }

  /** Whether what peers push can be written. */
  async hasRoomForPush(): Promise<boolean> {
    return (await this.#space()).freeBytes >= PUSH_ROOM_BYTES;
  }

  async #space(): Promise<DiskSpace> {
    if (!this.#last || this.#now() - this.#last.readMs > CACHE_MS) {
      this.#last = { space: await this.#read(this.#folder), readMs: this.#now() };
    }
    return this.#last.space;
  }
}

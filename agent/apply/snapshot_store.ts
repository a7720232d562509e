import { dirname } from "node:path";
import { z } from "zod";
import { sha256Hex } from "../../shared/crypto/sha256.ts";
import type { Files } from "../system/files.ts";

/** Kept of each path; older ones are removed. */
export const SNAPSHOTS_PER_PATH = 5;
/** A larger file is not kept: it came from the swarm or is data, and five copies would fill the disk. */
export const MAX_SNAPSHOT_BYTES = 32 * 1024 * 1024;

/** Keeps the old content of what a run overwrites or removes. */
export interface SnapshotStore {
  /** Copies the file at `path` as it is now; anything but a file of reasonable size is not kept. */
  keep(runId: string, path: string): Promise<void>;
}

/** What is known of a snapshot beside its content. */
export const snapshotSchema = z.strictObject({
  runId: z.uuid(),
  path: z.string(),
  takenAtMs: z.number().int().nonnegative(),
  mode: z.number().int().min(0).max(0o7777),
  uid: z.number().int().nonnegative(),
  gid: z.number().int().nonnegative(),
  sizeBytes: z.number().int().nonnegative(),
});

export type Snapshot = z.infer<typeof snapshotSchema>;

/** A snapshot and the file that holds its content. */
export type StoredSnapshot = Snapshot & { readonly contentPath: string };

/** A run of which something is kept. */
export interface RunSnapshots {
  readonly runId: string;
  readonly firstTakenAtMs: number;
  readonly paths: readonly string[];
}

/** A folder for each path, named by its hash, in which a snapshot is `<time>-<run>.content` and `.json`. */
export class FileSnapshotStore implements SnapshotStore {
  /** @param folder `snapshots/`, readable by root alone; its parent must exist. */
  constructor(
    private readonly files: Files,
    private readonly folder: string,
    private readonly owner: { readonly uid: number; readonly gid: number },
    private readonly now: () => number = Date.now,
  ) {}

  /** The content is written before what describes it, so that a crash leaves no description without content. */
  async keep(runId: string, path: string): Promise<void> {
    const found = await this.files.inspect(path);
    if (found?.kind !== "file" || found.sizeBytes > MAX_SNAPSHOT_BYTES) return;
    const copy = await this.files.readWithEntry(path, MAX_SNAPSHOT_BYTES);
    if (copy === undefined) return;
    const { entry, content } = copy;
    const snapshot: Snapshot = {
      runId,
      path,
      takenAtMs: this.now(),
      mode: entry.mode,
      uid: entry.uid,
      gid: entry.gid,
      sizeBytes: content.length,
    };
    const folder = this.#folderOf(path);
    await this.#makeFolder(folder);
    const base = `${folder}/${String(snapshot.takenAtMs).padStart(15, "0")}-${runId}`;
    await this.#write(`${base}.content`, content);
    await this.#write(`${base}.json`, new TextEncoder().encode(JSON.stringify(snapshot)));
    await this.#prune(folder);
  }

  /** The snapshots of a path, the newest first, each with the file that holds its content. */
  async list(path: string): Promise<readonly StoredSnapshot[]> {
    return await this.#listFolder(this.#folderOf(path));
  }

  /** The runs of which something is kept, the latest first. */
  async runs(): Promise<readonly RunSnapshots[]> {
    const runs = new Map<string, { firstTakenAtMs: number; paths: Set<string> }>();
    for (const snapshot of await this.#all()) {
      const { runId, path, takenAtMs } = snapshot;
      const run = runs.get(runId) ?? { firstTakenAtMs: takenAtMs, paths: new Set() };
      run.firstTakenAtMs = Math.min(run.firstTakenAtMs, takenAtMs);
      run.paths.add(path);
      runs.set(runId, run);
    }
    return [...runs].map(([runId, { firstTakenAtMs, paths }]) => ({
      runId,
      firstTakenAtMs,
      paths: [...paths].sort(),
    })).sort((a, b) => b.firstTakenAtMs - a.firstTakenAtMs);
  }

  /** What is kept of one run: of each path what was there before the run. */
  async ofRun(runId: string): Promise<readonly StoredSnapshot[]> {
    const oldest = new Map<string, StoredSnapshot>();
    for (const snapshot of await this.#all()) {
      if (snapshot.runId === runId) oldest.set(snapshot.path, snapshot);
    }
    return [...oldest.values()];
  }

  /** Of each path the newest first. */
  async #all(): Promise<readonly StoredSnapshot[]> {
    if (await this.files.inspect(this.folder) === undefined) return [];
    const snapshots: StoredSnapshot[] = [];
    for (const name of await this.files.list(this.folder)) {
      snapshots.push(...await this.#listFolder(`${this.folder}/${name}`));
    }
    return snapshots;
  }

  async #listFolder(folder: string): Promise<readonly StoredSnapshot[]> {
    if ((await this.files.inspect(folder))?.kind !== "directory") return [];
    const snapshots: StoredSnapshot[] = [];
    for (const base of await this.#bases(folder)) {
      const text = new TextDecoder().decode(await this.files.read(`${folder}/${base}.json`, 8192));
      const parsed = snapshotSchema.parse(JSON.parse(text));
      snapshots.push({ ...parsed, contentPath: `${folder}/${base}.content` });
    }
    return snapshots.reverse();
  }

  #folderOf(path: string): string {
    return `${this.folder}/${sha256Hex(path)}`;
  }

  async #bases(folder: string): Promise<readonly string[]> {
    const names = await this.files.list(folder);
    return names.filter((name) => name.endsWith(".json")).map((name) => name.slice(0, -5)).sort();
  }

  async #prune(folder: string): Promise<void> {
    const bases = await this.#bases(folder);
    const kept = new Set(bases.slice(-SNAPSHOTS_PER_PATH));
    for (const name of await this.files.list(folder)) {
      // What is left of an interrupted one goes too: its name stands in no description that is kept.
      if (!kept.has(name.replace(/\.(json|content)$/, ""))) {
        await this.files.removeFile(`${folder}/${name}`);
      }
    }
  }

  async #makeFolder(path: string): Promise<void> {
    if (await this.files.inspect(path) !== undefined) return;
    if (path !== this.folder) await this.#makeFolder(dirname(path));
    await this.files.makeDirectory(path, 0o700);
  }

  async #write(path: string, content: Uint8Array): Promise<void> {
    await this.files.writeFile(path, { content, mode: 0o600, ...this.owner });
  }
}

/** Keeps nothing: for dry runs. */
export const NO_SNAPSHOTS: SnapshotStore = { keep: () => Promise.resolve() };

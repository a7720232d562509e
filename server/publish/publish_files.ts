import { syncFolder, writeFileDurable } from "../../shared/platform/durable_write.ts";

/** The changes to the file system that publishing makes, one step each, so that a test can stop between any two. */
export interface PublishFiles {
  /** Makes a folder and those above it. */
  makeFolder(path: string): Promise<void>;
  /** Replaces a file in one durable step. */
  writeFile(path: string, bytes: Uint8Array, mode: number): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  /** Makes the names in a folder durable. */
  syncFolder(path: string): Promise<void>;
  /** Removes a folder with everything in it; one that is not there is fine. */
  remove(path: string): Promise<void>;
}

/** The file system of the machine. */
export const DISK: PublishFiles = {
  makeFolder: (path) => Deno.mkdir(path, { recursive: true, mode: 0o755 }),
  writeFile: (path, bytes, mode) => writeFileDurable(path, bytes, { mode }),
  rename: (from, to) => Deno.rename(from, to),
  syncFolder,
  remove: async (path) => {
    try {
      await Deno.remove(path, { recursive: true });
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  },
};

import { dirname, join } from "node:path";
import type { RootPaths } from "../shared/platform/root_paths.ts";
import { systemReason } from "../shared/terminal/system_failure.ts";
import { UserError } from "../shared/terminal/user_error.ts";
import type { ServerFolders } from "./channel.ts";

/** Where the server keeps everything under a root. */
export function serverFolders(paths: RootPaths): ServerFolders {
  return {
    base: paths.at("/srv/vigo"),
    stacks: paths.at("/srv/vigo/stacks"),
    versions: paths.at("/srv/vigo/.versions"),
    live: paths.at("/srv/vigo/.live"),
    db: paths.at("/srv/vigo/db"),
    secrets: paths.at("/srv/vigo/secrets"),
    tls: paths.at("/srv/vigo/tls"),
    dist: paths.at("/srv/vigo/dist"),
    seed: paths.at("/var/lib/vigo/swarm/seed"),
    blobs: paths.at("/var/lib/vigo/swarm/.blobs"),
  };
}

/** The database in its folder. */
export function databasePath(folder: string): string {
  return join(folder, "vigo.db");
}

/**
 * Creates the folders that are missing. What only the server may see is closed to others; stacks and executables may be read
 * by all. The modes of folders that exist are their owner's business, but for `secrets`, which is closed again.
 *
 * @throws {UserError} naming the folder that cannot be made or written.
 */
export async function prepareRoot(folders: ServerFolders): Promise<void> {
  await makeFolder(folders.base, 0o755);
  await makeFolder(folders.stacks, 0o755);
  await makeFolder(folders.versions, 0o755);
  await makeFolder(folders.dist, 0o755);
  await makeFolder(folders.tls, 0o755);
  await makeFolder(folders.db, 0o700);
  await makeFolder(folders.secrets, 0o700);
  await explained(folders.secrets, () => Deno.chmod(folders.secrets, 0o700));
  for (const folder of [folders.base, folders.versions, folders.tls, folders.db, folders.secrets]) {
    await explained(folder, () => assertWritable(folder));
  }
}

async function makeFolder(path: string, mode: number): Promise<void> {
  await explained(path, async () => {
    await Deno.mkdir(dirname(path), { recursive: true });
    try {
      await Deno.mkdir(path, { mode });
    } catch (error) {
      if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
      if (!(await Deno.stat(path)).isDirectory) throw new Error("it exists and is not a folder");
    }
  });
}

/** Rights say little for root and on read-only file systems, so it is tried. */
async function assertWritable(folder: string): Promise<void> {
  await Deno.remove(await Deno.makeTempFile({ dir: folder, prefix: ".tmp-" }));
}

async function explained(folder: string, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (cause) {
    throw new UserError(
      `Cannot use folder "${folder}": ${
        systemReason(cause)
      }. Make it writable for this user, or choose another --root`,
      { cause },
    );
  }
}

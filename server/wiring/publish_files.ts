import { dirname, join } from "node:path";
import { syncFolder, writeFileDurable } from "../../shared/platform/durable_write.ts";
import { DISK, type PublishFiles } from "../publish/publish_files.ts";

/**
 * The file system as publishing may use it: the server may write the file `.live` and the versions, not the folder that both
 * lie in, so that a temporary file has to be made among the versions.
 *
 * A crash leaves what {@linkcode DISK} would leave, and perhaps a `.tmp-*` file among the versions.
 */
export function publishFilesWithin(versionsFolder: string): PublishFiles {
  return {
    ...DISK,
    writeFile: async (path, bytes, mode) => {
      const temporary = join(versionsFolder, `.tmp-${crypto.randomUUID()}`);
      await writeFileDurable(temporary, bytes, { mode });
      await Deno.rename(temporary, path);
      await syncFolder(dirname(path));
    },
  };
}

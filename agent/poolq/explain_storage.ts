import { UserError } from "../../shared/terminal/user_error.ts";
import { storageFault } from "../store/storage_fault.ts";
import { errorCode } from "../system/file_error.ts";

/**
 * Does something in a user's home, and turns what the disk or its rights refuse into an error that says what to do.
 *
 * @param doing what could not be done, as in "post to X".
 */
export async function explainStorage<T>(
  doing: string,
  folder: string,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const fault = storageFault(error);
    if (fault !== undefined) {
      throw new UserError(
        `Cannot ${doing}: ${fault}. Make room in ${folder}, or make it writable`,
        { cause: error },
      );
    }
    const code = errorCode(error);
    if (code === "EACCES" || code === "EPERM" || code === "ENOENT" || code === "ELOOP") {
      throw new UserError(
        `Cannot ${doing}: ${
          error instanceof Error ? error.message : error
        }. ${folder} and all in it must be this user's own`,
        { cause: error },
      );
    }
    throw error;
  }
}

import { errorCode } from "../system/file_error.ts";

/**
 * What is wrong with a file that was read, for people.
 *
 * @throws `error` itself if the system failed to read it: a disk that does not answer says nothing about the file.
 */
export function damageOf(error: unknown): string {
  if (!(error instanceof Error) || errorCode(error) !== undefined) throw error;
  return error.message;
}

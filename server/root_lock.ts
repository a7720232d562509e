import { explainStartFailure } from "./explain_start_failure.ts";
import { UserError } from "../shared/terminal/user_error.ts";

/** Longest note of a holder that is quoted. */
const MAX_NOTE_LENGTH = 100;

/**
 * Makes this process the only server on its root. The lock is the system's, so it ends with the process however that ends;
 * the file's text only says who holds it.
 *
 * @throws {UserError} naming the holder if there is one.
 */
export async function lockRoot(path: string): Promise<Disposable> {
  const file = await Deno.open(path, { read: true, write: true, create: true, mode: 0o600 });
  try {
    if (!await file.tryLock(true)) {
      const holder = (await Deno.readTextFile(path)).trim().slice(0, MAX_NOTE_LENGTH);
      throw new UserError(
        `Cannot start: another vigosrv runs on this root (${
          holder || "it has not said which"
        }). Stop it, or choose another --root`,
      );
    }
    const note = `pid ${Deno.pid}, since ${new Date().toISOString()}\n`;
    await file.truncate();
    await file.write(new TextEncoder().encode(note));
  } catch (error) {
    file.close();
    if (error instanceof UserError) throw error;
    throw new UserError(`${explainStartFailure(error)} (while writing ${path})`, {
      cause: error,
    });
  }
  return file;
}

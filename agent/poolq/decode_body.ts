import { EXIT_CODE } from "../../shared/terminal/exit_code.ts";
import { UserError } from "../../shared/terminal/user_error.ts";

/**
 * The bytes of a body as text, exactly: nothing is trimmed, and a byte order mark is kept.
 *
 * @throws {UserError} if they are not UTF-8, which is what a message can carry.
 */
export function decodeBody(topicName: string, bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw new UserError(
      `Cannot post to "${topicName}": the body is not UTF-8. Encode other bytes as text first, for instance with base64`,
      { exitCode: EXIT_CODE.usage, cause },
    );
  }
}

import { join } from "node:path";
import type { Secret } from "../../shared/crypto/secret.ts";
import { deriveKey, parseMasterKey } from "../enroll/master_key.ts";
import { LocalSecretBackend, SECRET_KEY_PURPOSE } from "./local_secret_backend.ts";
import { SecretError } from "./secret_backend.ts";

/**
 * A secret of the server's own, for what has to be known before it runs. Changes nothing.
 *
 * @param folder `/srv/vigo/secrets` under the root.
 * @returns undefined if there is no such secret, or no server has run here yet.
 * @throws {SecretError} if what is kept cannot be read.
 */
export async function readStoredSecret(folder: string, path: string): Promise<Secret | undefined> {
  let text: string;
  try {
    text = await Deno.readTextFile(join(folder, "master.key"));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
  const masterKey = parseMasterKey(text);
  if (!masterKey) {
    throw new SecretError(
      `Cannot read secret "${path}": "${
        join(folder, "master.key")
      }" is malformed. Restore it from a backup`,
      path,
    );
  }
  const key = deriveKey(masterKey, SECRET_KEY_PURPOSE);
  const now = () => Date.now();
  return await LocalSecretBackend.reader({ folder: join(folder, "values"), key, now }).get(path);
}

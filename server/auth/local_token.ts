import { randomBytes } from "node:crypto";
import { writeFileDurable } from "../../shared/platform/durable_write.ts";
import { TokenDigest } from "./token_digest.ts";

/** What every token for the REST interface starts with, so that a leaked one is recognised. */
export const TOKEN_PREFIX = "vgot_";
const TOKEN_BYTES = 32;

/**
 * Makes the token with which root on the server's own host is an administrator, puts it where only root reads it, and
 * keeps its digest alone. Each start makes a new one, so an old copy is worth nothing.
 *
 * @param path replaced in one step, with mode 0600.
 */
export async function mintLocalToken(path: string): Promise<TokenDigest> {
  const token = `${TOKEN_PREFIX}${randomBytes(TOKEN_BYTES).toString("base64url")}`;
  await writeFileDurable(path, `${token}\n`, { mode: 0o600 });
  return TokenDigest.of(token);
}

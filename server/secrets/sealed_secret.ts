import { Buffer } from "node:buffer";
import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import { z } from "zod";
import { encodeFrame } from "../../shared/canonical/frame.ts";
import { secretPath } from "../../shared/config/policy_bundle.ts";
import { Secret } from "../../shared/crypto/secret.ts";
import { SecretError, type SecretInfo } from "./secret_backend.ts";

/** AES-256-GCM with the nonce length of NIST SP 800-38D, 8.2.2, drawn at random for every seal. */
const CIPHER = "aes-256-gcm";
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
/** What stands before the fields that the seal vouches for. */
const FRAME_TAG = "vigo.secret_file.v1";

/** Largest file of a secret, in bytes: 64 KiB as base64, and the rest. */
export const MAX_SEALED_BYTES = 128 * 1024;

const base64 = z.base64().max(MAX_SEALED_BYTES);

/** The file of one secret. Everything but `sealed` can be read by whoever reads the file, and changed by nobody. */
const sealedSchema = z.strictObject({
  format: z.literal(1),
  path: secretPath,
  version: z.number().int().positive(),
  updatedAtMs: z.number().int().nonnegative(),
  recipe: z.strictObject({
    length: z.number().int().positive(),
    alphabet: z.string().min(1).max(256),
  }).optional(),
  nonce: base64,
  /** Ciphertext and tag. */
  sealed: base64,
});

/** Text of the file that keeps a secret, sealed under a key of 32 bytes. */
export function sealSecret(key: Uint8Array, info: SecretInfo, value: Secret): string {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv(CIPHER, key, nonce, { authTagLength: TAG_BYTES });
  cipher.setAAD(associatedData(info));
  const ciphertext = cipher.update(value.reveal(), "utf8");
  const sealed = Buffer.concat([ciphertext, cipher.final(), cipher.getAuthTag()]);
  const file: z.input<typeof sealedSchema> = {
    format: 1,
    ...info,
    nonce: nonce.toString("base64"),
    sealed: sealed.toString("base64"),
  };
  return `${JSON.stringify(file)}\n`;
}

/**
 * What a file says of the secret in it, without opening it: it is only as true as the folder is closed.
 *
 * @throws {SecretError} if it is not the file of the secret at `path`.
 */
export function readSecretInfo(path: string, text: string): SecretInfo {
  const { version, updatedAtMs, recipe } = parseSealed(path, text);
  return { path, version, updatedAtMs, ...(recipe === undefined ? {} : { recipe }) };
}

/** The path that a file says it is of; undefined if it is no file of a secret. */
export function readSecretPath(text: string): string | undefined {
  return sealedSchema.safeParse(parseJson(text)).data?.path;
}

/**
 * Opens what {@linkcode sealSecret} wrote.
 *
 * @throws {SecretError} if the file is of another path, was altered, or was sealed under another key.
 */
export function openSecret(key: Uint8Array, path: string, text: string): Secret {
  const info = readSecretInfo(path, text);
  const { nonce, sealed } = parseSealed(path, text);
  const bytes = Uint8Array.fromBase64(sealed);
  try {
    const decipher = createDecipheriv(CIPHER, key, Uint8Array.fromBase64(nonce), {
      authTagLength: TAG_BYTES,
    });
    decipher.setAAD(associatedData(info));
    decipher.setAuthTag(bytes.subarray(-TAG_BYTES));
    const plain = decipher.update(bytes.subarray(0, -TAG_BYTES));
    decipher.final();
    return new Secret(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(plain));
  } catch {
    // The cause says nothing beyond "cannot authenticate", and must never say more.
    throw altered(path, "its seal does not fit this server's master key and this path");
  }
}

function parseSealed(path: string, text: string): z.output<typeof sealedSchema> {
  const parsed = sealedSchema.safeParse(parseJson(text));
  if (!parsed.success) throw altered(path, "its file is malformed");
  if (parsed.data.path !== path) throw altered(path, "its file is that of another secret");
  return parsed.data;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function altered(path: string, what: string): SecretError {
  return new SecretError(
    `Cannot read secret "${path}": ${what}. Set it again, or restore it from a backup`,
    path,
  );
}

/** The path as it is spelt, and what else the file says: none of it can be exchanged between two files. */
function associatedData({ path, version, updatedAtMs, recipe }: SecretInfo): Uint8Array {
  return encodeFrame(FRAME_TAG, [
    path,
    BigInt(version),
    BigInt(updatedAtMs),
    BigInt(recipe?.length ?? 0),
    recipe?.alphabet ?? "",
  ]);
}

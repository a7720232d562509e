import type { Secret } from "../../shared/crypto/secret.ts";

/** Largest secret, in bytes of UTF-8: a chain of certificates with its key fits many times. */
export const MAX_SECRET_BYTES = 64 * 1024;
/** Most secrets of one server; each is a file that a listing reads. */
export const MAX_SECRETS = 10_000;

/** How a secret was made that nobody typed, so that it can be made anew. */
export interface SecretRecipe {
  /** In characters. */
  readonly length: number;
  readonly alphabet: string;
}

/** What is known of a secret without opening it. */
export interface SecretInfo {
  /** `db/password`; see `secretPath` of the policy bundle. */
  readonly path: string;
  /** 1 for the first value, one more with each later one. */
  readonly version: number;
  readonly updatedAtMs: number;
  /** Absent if somebody chose the value. */
  readonly recipe?: SecretRecipe;
}

/** A secret cannot be read or kept. The message names the path, never the content. */
export class SecretError extends Error {
  override readonly name = "SecretError";

  constructor(message: string, readonly path: string, options?: ErrorOptions) {
    super(message, options);
  }
}

/** @throws {SecretError} if a value is empty, which would open everything or nothing, or too large. */
export function assertKeepable(path: string, value: Secret): void {
  const sizeBytes = new TextEncoder().encode(value.reveal()).length;
  if (sizeBytes === 0) throw new SecretError(`Cannot keep secret "${path}": it is empty`, path);
  if (sizeBytes > MAX_SECRET_BYTES) {
    throw new SecretError(
      `Cannot keep secret "${path}": it has ${sizeBytes} bytes, at most ${MAX_SECRET_BYTES} are kept`,
      path,
    );
  }
}

/** Where secrets are kept. Paths have been parsed by the caller. */
export interface SecretBackend {
  /** @throws {SecretError} if what is kept was altered or cannot be read. */
  info(path: string): Promise<SecretInfo | undefined>;
  /** @throws {SecretError} if what is kept was altered or cannot be read. */
  get(path: string): Promise<Secret | undefined>;
  /**
   * Keeps a value durably in place of the one before.
   *
   * @throws {SecretError} if the value is empty or too large, or there is room for no more secrets.
   */
  set(path: string, value: Secret, recipe?: SecretRecipe): Promise<SecretInfo>;
  /** @returns whether there was one. */
  delete(path: string): Promise<boolean>;
  /** By path. Opens none; one that cannot be read is left out and named in `problems`. */
  list(): Promise<
    { readonly secrets: readonly SecretInfo[]; readonly problems: readonly string[] }
  >;
}

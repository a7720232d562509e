import type { Secret } from "../../shared/crypto/secret.ts";

/** The secrets that a run may use, held in memory alone. */
export interface SecretSource {
  /** A secret by its path, or why it is not to be had. */
  get(
    path: string,
  ):
    | { readonly ok: true; readonly secret: Secret }
    | { readonly ok: false; readonly reason: string };
  /** The text with `«secret»` in place of every secret that was handed out. */
  redact(text: string): string;
}

/** No secret is to be had. */
export const NO_SECRETS: SecretSource = {
  get: () => ({ ok: false, reason: "secret not available offline" }),
  redact: (text) => text,
};

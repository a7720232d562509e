import { secretPath } from "../../shared/config/policy_bundle.ts";
import { SECRET_MASK } from "../../shared/crypto/secret.ts";

const PREFIX = "secret:";

/** Secrets by path, for the texts that name them. */
export type ConfigSecrets = ReadonlyMap<string, string>;

/** A text of the configuration that names a secret. */
export interface SecretReference {
  readonly at: readonly PropertyKey[];
  /** Undefined if what follows the prefix is no path. */
  readonly path: string | undefined;
}

/** Every value that reads `secret:PATH`, and where it stands. */
export function findSecretReferences(
  value: unknown,
  at: readonly PropertyKey[] = [],
): SecretReference[] {
  if (typeof value === "string") {
    if (!value.startsWith(PREFIX)) return [];
    return [{ at, path: secretPath.safeParse(value.slice(PREFIX.length)).data }];
  }
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, member]) =>
    findSecretReferences(member, [...at, Array.isArray(value) ? Number(key) : key])
  );
}

/** The same value with secrets in place of the texts that name them; what is not known stays. */
export function fillConfigSecrets(value: unknown, secrets: ConfigSecrets): unknown {
  if (typeof value === "string") {
    return value.startsWith(PREFIX) ? secrets.get(value.slice(PREFIX.length)) ?? value : value;
  }
  if (Array.isArray(value)) return value.map((member) => fillConfigSecrets(member, secrets));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => [key, fillConfigSecrets(member, secrets)]),
  );
}

/** A message about the configuration without the secrets that a rule may have quoted. */
export function maskConfigSecrets(message: string, secrets: ConfigSecrets): string {
  let masked = message;
  for (const value of secrets.values()) masked = masked.replaceAll(value, SECRET_MASK);
  return masked;
}

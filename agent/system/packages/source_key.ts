import { isPemKey, type PresentRepository } from "../../../shared/config/resources/repository.ts";

/** Why the key of a repository is none for this package manager. */
export function keyFault(
  manager: string,
  { key, key_file, fingerprint }: PresentRepository,
  wanted: "openpgp" | "pem",
): string | undefined {
  if (wanted === "pem") {
    if (fingerprint !== undefined) return `${manager} has keys of RSA, which have no fingerprint`;
    if (key_file !== undefined) return `${manager} keeps keys in a folder: give the key as "key"`;
    if (key !== undefined && !isPemKey(key)) {
      return `${manager} needs a key like "-----BEGIN PUBLIC KEY-----…"`;
    }
    return undefined;
  }
  return key !== undefined && isPemKey(key)
    ? `${manager} needs a key like "-----BEGIN PGP PUBLIC KEY BLOCK-----…"`
    : undefined;
}

/** A key as a file, whose last line has an end. */
export function keyText(key: string): string {
  return key.endsWith("\n") ? key : `${key}\n`;
}

/** One value, or a list of them, as a list. */
export function listOf<Item>(value: Item | readonly Item[] | undefined): readonly Item[] {
  if (value === undefined) return [];
  return isList(value) ? value : [value];
}

function isList<Item>(value: Item | readonly Item[]): value is readonly Item[] {
  return Array.isArray(value);
}

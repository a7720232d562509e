/** Crockford's alphabet: no I, L, O and U, so that no two digits look alike (https://www.crockford.com/base32.html). */
const ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/** Characters of a code. Five bits each make 80: too many to search, even for one who can try offline. */
export const PAIRING_CODE_LENGTH = 16;
const GROUP_LENGTH = 4;

/** How long an offer to pair stands, in ms. */
export const PAIRING_LIFETIME_MS = 5 * 60_000;
/** Wrong codes after which an offer is withdrawn. */
export const MAX_PAIRING_ATTEMPTS = 5;

/** A fresh code, as it is shown: four groups of four. */
export function makePairingCode(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(PAIRING_CODE_LENGTH));
  // 256 is a multiple of 32, so the lower five bits of a random byte are evenly spread.
  return formatPairingCode([...bytes].map((byte) => ALPHABET[byte & 31]).join(""));
}

/**
 * Reads a code as people type it: either case, with or without separators, and with the letters that stand for digits.
 *
 * @returns The 16 characters, or nothing if it is no code.
 */
export function parsePairingCode(text: string): string | undefined {
  const code = text.toUpperCase().replaceAll(/[\s-]/g, "").replaceAll("O", "0")
    .replaceAll(/[IL]/g, "1");
  return code.length === PAIRING_CODE_LENGTH && [...code].every((digit) => ALPHABET.includes(digit))
    ? code
    : undefined;
}

/** The 16 characters of a code in four groups. */
export function formatPairingCode(code: string): string {
  const groups = Array.from(
    { length: PAIRING_CODE_LENGTH / GROUP_LENGTH },
    (_, index) => code.slice(index * GROUP_LENGTH, (index + 1) * GROUP_LENGTH),
  );
  return groups.join("-");
}

import { Buffer } from "node:buffer";
import { createHash, randomBytes, timingSafeEqual } from "node:crypto";

/** Rounds of a hash that names none. */
const DEFAULT_ROUNDS = 5000;
const MIN_ROUNDS = 1000;
/** The specification allows 999,999,999, which is minutes of work; nobody's shadow file has more than this. */
const MAX_ROUNDS = 1_000_000;
const MAX_SALT_LENGTH = 16;
const DIGEST_BYTES = 64;
const ALPHABET = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const FORMAT = /^\$6\$(?:rounds=(\d{1,9})\$)?([^$:\n]{0,16})\$([./0-9A-Za-z]{86})$/;

/** Whether a text is a complete sha512-crypt hash, as in shadow(5). */
export function isSha512Crypt(text: string): boolean {
  return FORMAT.test(text);
}

/** Hashes a password for shadow(5) with a salt of its own, 96 random bits. */
export function hashPassword(password: string): string {
  const salt = [...randomBytes(MAX_SALT_LENGTH)].map((byte) => ALPHABET[byte & 63]).join("");
  return sha512Crypt(password, salt);
}

/** Whether `hash` was made from `password`; a hash of any other form, or with too many rounds to try, was not. */
export function verifyPassword(password: string, hash: string): boolean {
  const match = FORMAT.exec(hash);
  if (match === null) return false;
  const [, rounds, salt = ""] = match;
  if (Number(rounds ?? 0) > MAX_ROUNDS) return false;
  const computed = sha512Crypt(password, salt, rounds === undefined ? undefined : Number(rounds));
  return computed.length === hash.length &&
    timingSafeEqual(Buffer.from(computed), Buffer.from(hash));
}

/**
 * The crypt(3) scheme `$6$`, after Ulrich Drepper, "Unix crypt using SHA-256 and SHA-512", version 0.6; the numbers in the
 * body are its steps.
 *
 * @param salt At most 16 characters count.
 * @param rounds Without it 5000 are used and not written; others are kept between 1000 and 1,000,000.
 */
export function sha512Crypt(password: string, salt: string, rounds?: number): string {
  const key = Buffer.from(password, "utf8");
  const saltBytes = Buffer.from(salt, "utf8").subarray(0, MAX_SALT_LENGTH);
  const count = Math.min(MAX_ROUNDS, Math.max(MIN_ROUNDS, rounds ?? DEFAULT_ROUNDS));
  // 4–8
  const b = digest(key, saltBytes, key);
  // 1–3, 9–12
  const parts = [key, saltBytes, repeat(b, key.length)];
  for (let bits = key.length; bits > 0; bits >>= 1) parts.push(bits & 1 ? b : key);
  const a = digest(...parts);
  // 13–16
  const p = repeat(digest(...Array<Buffer>(key.length).fill(key)), key.length);
  // 17–20
  const s = repeat(
    digest(...Array<Buffer>(16 + (a[0] ?? 0)).fill(saltBytes)),
    saltBytes.length,
  );
  // 21
  let c = a;
  for (let round = 0; round < count; round++) {
    c = digest(
      round % 2 ? p : c,
      round % 3 ? s : EMPTY,
      round % 7 ? p : EMPTY,
      round % 2 ? c : p,
    );
  }
  // 22
  const prefix = rounds === undefined ? "$6$" : `$6$rounds=${count}$`;
  return `${prefix}${saltBytes.toString("utf8")}$${encode(c)}`;
}

const EMPTY = Buffer.alloc(0);

function digest(...parts: readonly Buffer[]): Buffer {
  return createHash("sha512").update(Buffer.concat(parts)).digest();
}

/** `bytes` over and over, cut to a length. */
function repeat(bytes: Buffer, length: number): Buffer {
  return Buffer.alloc(length, bytes);
}

/** Three bytes at a time, least significant six bits first, in the order that step 22 gives. */
function encode(digest: Buffer): string {
  let text = "";
  let [first, second, third] = [0, 21, 42];
  for (let group = 0; group < 21; group++) {
    text += encodeGroup(digest, [first, second, third], 4);
    [first, second, third] = [second + 1, third + 1, first + 1];
  }
  return text + encodeGroup(digest, [-1, -1, DIGEST_BYTES - 1], 2);
}

function encodeGroup(digest: Buffer, indices: readonly number[], characters: number): string {
  let bits = indices.reduce((sum, index) => (sum << 8) | (digest[index] ?? 0), 0);
  let text = "";
  for (let i = 0; i < characters; i++) {
    text += ALPHABET[bits & 63];
    bits >>= 6;
  }
  return text;
}

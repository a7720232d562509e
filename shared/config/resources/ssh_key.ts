import { z } from "zod";

/** Longest line of authorized_keys: an RSA key of 16384 bits has about 2,800 characters, and there are options. */
const MAX_KEY_LINE_LENGTH = 8192;
const LINE_HINT = 'expected one line of an OpenSSH public key, like "ssh-ed25519 AAAA… name"';
const KEY_HINT = 'expected the type of a public key and the key, like "ssh-ed25519 AAAA…"';
/** Where a line of authorized_keys(5) has its key; options may stand in front, a comment behind. */
const KEY_IN_LINE = /(?:^| )((?:ssh|ecdsa|sk)-[a-z0-9@.-]+) (AAAA[A-Za-z0-9+/]+={0,3})(?= |$)/;

/** One key of authorized_keys(5), options allowed; comments and control characters are not. */
export const authorizedKeyLine = z.string({ error: LINE_HINT }).max(MAX_KEY_LINE_LENGTH)
  .refine((line) => !/^[# ]|[\p{Cc}]/u.test(line) && KEY_IN_LINE.test(line), LINE_HINT);

/** A public key alone: `ssh-ed25519 AAAA…`. */
export const publicKey = z.string({ error: KEY_HINT }).max(MAX_KEY_LINE_LENGTH).regex(
  /^(?:ssh|ecdsa|sk)-[a-z0-9@.-]+ AAAA[A-Za-z0-9+/]+={0,3}$/,
  KEY_HINT,
);

/** Type and key of a line, by which two lines are one key whatever their options and comments; `undefined` if it has none. */
export function keyOfLine(line: string): string | undefined {
  const [, type, blob] = line.startsWith("#") ? [] : KEY_IN_LINE.exec(line) ?? [];
  return type === undefined ? undefined : `${type} ${blob}`;
}

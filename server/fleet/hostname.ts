/** Longest hostname, in characters (RFC 1035, section 2.3.4). */
export const MAX_HOSTNAME_LENGTH = 253;

/** Labels of letters, digits, `-` and `_` (which machines do use, though RFC 952 has no word for it). */
const HOSTNAME =
  /^(?=.{1,253}$)[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?)*$/;

/** The one spelling under which a hostname is bound, or `undefined` if it is none: case never tells two machines apart. */
export function normalizeHostname(text: string): string | undefined {
  const hostname = text.toLowerCase();
  return HOSTNAME.test(hostname) ? hostname : undefined;
}

import { GlobError, parseGlob } from "./glob.ts";

/** A glob over hostnames, as in `*.web.*`: Go's `filepath.Match` rules, without regard to case. */
export interface HostnameGlob {
  /** The pattern in lower case. */
  readonly source: string;
  matches(hostname: string): boolean;
}

/** Longest glob accepted, in UTF-16 code units: a DNS name is at most 253 octets. */
export const MAX_GLOB_LENGTH = 255;

const PLAIN_NAME = /^[^*?[\\]*$/;

/**
 * Parses a hostname glob.
 *
 * @throws {GlobError} if `source` is empty, longer than {@linkcode MAX_GLOB_LENGTH}, malformed, or holds parentheses,
 * which other glob dialects read as groups and this one does not have.
 */
export function parseHostnameGlob(source: string): HostnameGlob {
  const pattern = source.toLowerCase();
  if (pattern === "") throw new GlobError(source, "it is empty", "Write a hostname or a glob");
  if (pattern.length > MAX_GLOB_LENGTH) {
    const problem = `it has ${pattern.length} characters, and the limit is ${MAX_GLOB_LENGTH}`;
    throw new GlobError(source, problem, "Shorten it");
  }
  if (/[()]/.test(pattern)) {
    const remedy = "Write one pattern for each alternative";
    throw new GlobError(source, "parentheses are not groups here", remedy);
  }
  if (PLAIN_NAME.test(pattern)) {
    return { source: pattern, matches: (hostname) => hostname.toLowerCase() === pattern };
  }
  const glob = parseGlob(pattern);
  return { source: pattern, matches: (hostname) => glob.matches(hostname.toLowerCase()) };
}

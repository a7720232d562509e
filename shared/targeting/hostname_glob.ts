import { type Glob, parseGlob } from "./glob.ts";

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
 * @throws {SyntaxError} if `source` is empty, longer than {@linkcode MAX_GLOB_LENGTH}, malformed, or holds parentheses,
 * which other glob dialects read as groups and this one does not have. The message is one line with the remedy.
 */
export function parseHostnameGlob(source: string): HostnameGlob {
  if (source === "") {
    throw new SyntaxError("Cannot read hostname pattern: it is empty. Write a name or a glob");
  }
  const pattern = source.toLowerCase();
  if (pattern.length > MAX_GLOB_LENGTH) {
    throw new SyntaxError(
      `Cannot read hostname pattern of ${pattern.length} characters: the limit is ${MAX_GLOB_LENGTH}. Shorten it`,
    );
  }
  if (/[()]/.test(source)) {
    throw new SyntaxError(
      `Cannot read hostname pattern ${JSON.stringify(source)}: parentheses are not groups here. ` +
        "Remove them and write one pattern for each alternative",
    );
  }
  if (PLAIN_NAME.test(pattern)) {
    return { source: pattern, matches: (hostname) => hostname.toLowerCase() === pattern };
  }
  const glob = compile(source, pattern);
  return { source: pattern, matches: (hostname) => glob.matches(hostname.toLowerCase()) };
}

function compile(source: string, pattern: string): Glob {
  try {
    return parseGlob(pattern);
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
    throw new SyntaxError(
      `Cannot read hostname pattern ${JSON.stringify(source)}: ${cause.message}`,
      { cause },
    );
  }
}

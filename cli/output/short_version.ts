/** Digits of a version that are shown: enough to name one among thousands. */
const SHORT_VERSION = 12;

/** A version as people are shown it and may give it back. */
export function shortVersion(version: string): string {
  return version.slice(0, SHORT_VERSION);
}

/**
 * Characters that act instead of being shown: C0 and C1 controls (escape sequences begin with one), format characters
 * (direction overrides, invisible joiners), line and paragraph separators, and halves of surrogate pairs.
 */
const ACTING = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;
const ACTING_IN_LINES = /(?![\n\t])[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

/**
 * Makes text from a machine, a file or the network safe to print on one line of a terminal: each acting character is
 * written out, as in `\u{1b}`, so that nothing can move the cursor, change colors, or hide what stands there.
 */
export function sanitize(text: string): string {
  return text.replaceAll(ACTING, writeOut);
}

/** As {@linkcode sanitize}, for blocks such as a command's output: line feeds and tabs stay, CR LF becomes LF. */
export function sanitizeLines(text: string): string {
  return text.replaceAll("\r\n", "\n").replaceAll(ACTING_IN_LINES, writeOut);
}

function writeOut(character: string): string {
  if (character === "\n") return "\\n";
  if (character === "\r") return "\\r";
  if (character === "\t") return "\\t";
  return `\\u{${character.codePointAt(0)?.toString(16)}}`;
}

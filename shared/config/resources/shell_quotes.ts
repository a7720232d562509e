/** A quoted piece, even one that does not end; a character behind a backslash; `%%`; any other character. */
const PIECES = /'[^']*'?|"(?:\\[^]|[^"\\])*"?|\\[^]|%%|[^]/g;

/**
 * Whether `%` stands inside the quotes of a line for `/bin/sh`, or behind a backslash; `%%` is a percent sign and may.
 *
 * What takes its place brings quotes of its own, which would end those around it.
 */
export function quotesPlaceholder(line: string): boolean {
  const pieces = line.match(PIECES) ?? [];
  return pieces.some((piece) => piece.length > 1 && piece.replaceAll("%%", "").includes("%"));
}

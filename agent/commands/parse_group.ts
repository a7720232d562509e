/** @throws {SyntaxError} if it cannot name a group of readers. */
export function parseGroup(text: string): string {
  if (/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(text)) return text;
  throw new SyntaxError(
    "Use 1 to 64 ASCII letters, digits, hyphens, underscores and dots, a letter or digit first",
  );
}

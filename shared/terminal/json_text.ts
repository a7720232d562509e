/** Characters that act in a terminal and that JSON leaves as they are; the line feeds between members are kept. */
const ACTING = /(?!\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

/**
 * A value as indented JSON and a line feed, for programs as for terminals: what would act instead of being shown, and so
 * could hide what a machine reports, is written as `\uXXXX`, which every JSON reader turns back into the same text.
 */
export function jsonText(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`.replaceAll(ACTING, escape);
}

/** One escape for each UTF-16 code unit, as RFC 8259 section 7 has it. */
function escape(character: string): string {
  return character.split("").map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`)
    .join("");
}

import { SECRET_MASK } from "../../shared/crypto/secret.ts";
import { MIN_MASKED_LENGTH, secretPatterns } from "./secret_patterns.ts";

/** Where output was cut before anybody could look for secrets in it: the end, or what stands for the part left out. */
const CUTS = /\n?… \d+ (?:bytes left out …\n|more characters)/g;

/** Takes secrets out of text. */
export type Redact = (text: string) => string;

/**
 * Makes what replaces every form of these values by `«secret»`, also the piece of one that is left where text was cut.
 * Values of fewer than four characters are not looked for.
 */
export function createRedactor(values: Iterable<string>): Redact {
  const forms = new Set<string>();
  for (const value of values) for (const form of secretPatterns(value)) forms.add(form);
  // The longest first: one may be part of another.
  const patterns = [...forms].sort((one, other) => other.length - one.length);
  if (patterns.length === 0) return (text) => text;
  return (text) => {
    let masked = text;
    for (const pattern of patterns) {
      if (masked.includes(pattern)) masked = masked.replaceAll(pattern, SECRET_MASK);
    }
    return maskCutPieces(masked, patterns);
  };
}

/** Looks at both sides of each cut, and at the end of the text. */
function maskCutPieces(text: string, patterns: readonly string[]): string {
  const cuts = [...text.matchAll(CUTS)];
  const parts: string[] = [];
  let from = 0;
  for (const cut of [...cuts, undefined]) {
    const end = cut?.index ?? text.length;
    let part = text.slice(from, end);
    if (from > 0) part = maskStart(part, patterns);
    parts.push(maskEnd(part, patterns));
    if (!cut) break;
    parts.push(cut[0]);
    from = end + cut[0].length;
  }
  return parts.join("");
}

/** Masks the end of a text as far as it is the beginning of a secret. */
function maskEnd(text: string, patterns: readonly string[]): string {
  const last = text.slice(-MIN_MASKED_LENGTH);
  if (last.length < MIN_MASKED_LENGTH) return text;
  const length = longest(patterns, (pattern) => {
    for (let at = pattern.lastIndexOf(last); at >= 0; at = pattern.lastIndexOf(last, at - 1)) {
      const size = at + last.length;
      if (text.endsWith(pattern.slice(0, size))) return size;
      if (at === 0) break;
    }
    return 0;
  });
  return length === 0 ? text : text.slice(0, -length) + SECRET_MASK;
}

/** Masks the beginning of a text as far as it is the end of a secret. */
function maskStart(text: string, patterns: readonly string[]): string {
  const first = text.slice(0, MIN_MASKED_LENGTH);
  if (first.length < MIN_MASKED_LENGTH) return text;
  const length = longest(patterns, (pattern) => {
    for (let at = pattern.indexOf(first); at >= 0; at = pattern.indexOf(first, at + 1)) {
      if (text.startsWith(pattern.slice(at))) return pattern.length - at;
    }
    return 0;
  });
  return length === 0 ? text : SECRET_MASK + text.slice(length);
}

function longest(patterns: readonly string[], measure: (pattern: string) => number): number {
  return patterns.reduce((most, pattern) => Math.max(most, measure(pattern)), 0);
}

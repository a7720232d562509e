import { matchesTerm } from "./target_match.ts";
import { TargetSpecError } from "./target_spec_error.ts";
import { type Slice, splitTarget } from "./target_split.ts";
import type { TargetSubject } from "./target_subject.ts";
import { formatTerm, type TargetPart, type TargetTerm } from "./target_term.ts";
import { parseTerm } from "./target_term_parser.ts";

/** Longest target spec, in UTF-16 code units; it travels in every task, manifest entry and URL that names targets. */
export const MAX_TARGET_SPEC_LENGTH = 4096;

/** Control, invisible and unpaired characters, and every space but U+0020: they would make two specs look alike. */
const UNREADABLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]|(?! )\p{Zs}/u;

/**
 * Which envoys something is for: a set of them, described by what they are called and what they are.
 *
 * A comma means or, `&` means and, `-` takes envoys out. What is taken out stays out, whatever else matches.
 */
export class TargetSpec {
  readonly #included: readonly TargetPart[];
  readonly #excluded: readonly TargetPart[];

  /** Made by {@linkcode parseTargetSpec}; at least one of the lists has a part, and no part is empty. */
  constructor(included: readonly TargetPart[], excluded: readonly TargetPart[]) {
    this.#included = included;
    this.#excluded = excluded;
  }

  /** Whether `subject` is a target. A spec of exclusions only means everyone else. */
  matches(subject: TargetSubject): boolean {
    const holds = (part: TargetPart) => part.every((term) => matchesTerm(term, subject));
    if (this.#excluded.some(holds)) return false;
    return this.#included.length === 0 || this.#included.some(holds);
  }

  /** Every condition, in the order of {@linkcode toString}; those that take envoys out are marked. */
  terms(): { readonly term: TargetTerm; readonly excludes: boolean }[] {
    const flatten = (parts: readonly TargetPart[], excludes: boolean) =>
      parts.flatMap((part) => part.map((term) => ({ term, excludes })));
    return [...flatten(this.#included, false), ...flatten(this.#excluded, true)];
  }

  /** The spec in one spelling: lower-case hostnames, no spaces around signs, exclusions last. Parses into the same spec. */
  toString(): string {
    const format = (part: TargetPart) => part.map(formatTerm).join("&");
    return [
      ...this.#included.map(format),
      ...this.#excluded.map((part) => `-${format(part)}`),
    ].join(",");
  }
}

/**
 * Parses a target spec.
 *
 * | written | means |
 * |---|---|
 * | `web-1`, `*.web.*` | a hostname, or a glob over hostnames; case is ignored |
 * | `6f1c…-…` | the envoy with this UUID (never a host that is only named so) |
 * | `os.distro=debian` | a trait; `!=` `>` `<` (numbers) and `~` (glob) too; of a list any member will do |
 * | `tag:role=web` | a tag, with the same operators |
 * | `a,b` · `a & b` | or · and, which binds closer |
 * | `-a` · `-a & b` | takes out what matches `a` · what matches both |
 * | `a & -b` | the same as `a,-b` |
 * | `"…"` | a value, name or host with a comma, `&` or leading `-`; `\"` and `\\` inside |
 *
 * A trait or tag that an envoy does not have passes no filter, `!=` included. Values are compared with their case.
 *
 * @throws {TargetSpecError} if the spec is empty, malformed, or over a limit. It never means every envoy by accident.
 */
export function parseTargetSpec(source: string): TargetSpec {
  if (source.length > MAX_TARGET_SPEC_LENGTH) {
    const problem = `more than ${MAX_TARGET_SPEC_LENGTH} characters`;
    const remedy = "Use globs, or a tag that all the targets have";
    throw new TargetSpecError(source, problem, MAX_TARGET_SPEC_LENGTH + 1, remedy);
  }
  const unreadable = UNREADABLE.exec(source);
  if (unreadable) {
    const code = unreadable[0].codePointAt(0)?.toString(16).toUpperCase().padStart(4, "0");
    const remedy = "Write it with visible characters and plain spaces";
    throw new TargetSpecError(source, `character U+${code}`, unreadable.index + 1, remedy);
  }
  const included: TargetPart[] = [];
  const excluded: TargetPart[] = [];
  for (const [first, ...others] of splitTarget(source)) {
    if (!first) continue;
    const { isExclusion, term } = parseSigned(source, first);
    const part: TargetTerm[] = [term];
    for (const slice of others) {
      const other = parseSigned(source, slice);
      if (other.isExclusion && isExclusion) {
        const remedy = 'Write what to take out as parts of their own, as in "-a,-b"';
        throw new TargetSpecError(source, '"-" inside an exclusion', slice.start + 1, remedy);
      }
      if (other.isExclusion) excluded.push([other.term]);
      else part.push(other.term);
    }
    (isExclusion ? excluded : included).push(part);
  }
  return new TargetSpec(included, excluded);
}

function parseSigned(source: string, slice: Slice): { isExclusion: boolean; term: TargetTerm } {
  if (!slice.text.startsWith("-")) return { isExclusion: false, term: parseTerm(source, slice) };
  const text = slice.text.slice(1).trimStart();
  const start = slice.start + slice.text.length - text.length;
  if (text === "") {
    const problem = 'nothing after "-"';
    throw new TargetSpecError(source, problem, start + 1, 'Remove the "-" or add a pattern');
  }
  if (text.startsWith("-")) {
    const remedy = "Remove it, or quote what begins with it";
    throw new TargetSpecError(source, 'a second "-"', start + 1, remedy);
  }
  return { isExclusion: true, term: parseTerm(source, { text, start }) };
}

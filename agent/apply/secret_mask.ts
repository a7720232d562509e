import type { Json } from "../../shared/canonical/canonical_json.ts";
import { SECRET_MASK } from "../../shared/crypto/secret.ts";
import { type JsonPath, readAt } from "../../shared/templates/json_place.ts";
import type { Result } from "./run_resource.ts";

/** A shorter piece of a rendered text tells nothing by itself, and would be taken out of words all over a diff. */
const MIN_TERM_LENGTH = 4;
/** What separates values in configuration files and messages. */
const SEPARATORS = /[\s"'`=:,;<>()[\]{}|&@]+/;

/** The parameters of a resource, as they are and as they would be if every secret read `«secret»`. */
export interface MaskedParameters {
  readonly real: Readonly<Record<string, Json>>;
  /** Undefined if nothing can be rendered without the real secrets. */
  readonly masked: Readonly<Record<string, Json>> | undefined;
  readonly secretPlaces: readonly JsonPath[];
}

/** Takes secrets out of texts. */
export interface Redactor {
  /** A message: an error, output of a program. */
  text(text: string): string;
  /** A unified diff, or lines of the form `what: before → after`. */
  diff(diff: string): string;
}

/** A result as people may see it. */
export function redactResult(result: Result, redactor: Redactor): Result {
  const { diff, reason } = result;
  return {
    ...result,
    ...(diff === undefined ? {} : { diff: redactor.diff(diff) }),
    ...(reason === undefined ? {} : { reason: redactor.text(reason) }),
  };
}

/**
 * Takes out of texts about one resource what follows from its secrets: the secrets, what a template made of them (an encoded
 * password), and in a diff whatever was there before, which may be an earlier secret that nobody knows any more.
 */
export class SecretMask implements Redactor {
  readonly #redact: (text: string) => string;
  /** Pieces of values that are different without the real secrets, the longest first. */
  readonly #terms: readonly string[];
  readonly #shownLines: ReadonlySet<string>;

  constructor(
    { real, masked, secretPlaces }: MaskedParameters,
    redact: (text: string) => string,
  ) {
    this.#redact = redact;
    const textsAt = (params: MaskedParameters["masked"]) =>
      secretPlaces.flatMap((place) => textsIn(readAt(params, place)));
    const harmless = new Set(textsAt(masked).flatMap(piecesOf));
    this.#terms = [...new Set(textsAt(real).flatMap(piecesOf))]
      .filter((piece) => piece.length >= MIN_TERM_LENGTH && !harmless.has(piece))
      .sort((a, b) => b.length - a.length);
    this.#shownLines = new Set(textsIn(masked).flatMap((text) => text.split("\n")));
  }

  text(text: string): string {
    let shown = this.#redact(text);
    for (const term of this.#terms) shown = shown.replaceAll(term, SECRET_MASK);
    return shown;
  }

  diff(diff: string): string {
    const isUnified = /^--- .*\n\+\+\+ /.test(diff);
    return diff.split("\n").map((line, index) => {
      // The two lines of the head name files.
      if (isUnified && index > 1 && line.startsWith("-")) return this.#removed(line.slice(1));
      const shown = this.text(line).replace(/, sha256 [0-9a-f]+/g, "");
      return isUnified ? shown : hideBefore(shown);
    }).join("\n");
  }

  #removed(line: string): string {
    const shown = this.text(line);
    return `-${this.#shownLines.has(shown) ? shown : SECRET_MASK}`;
  }
}

/** Where a secret comes, a secret may have been. */
function hideBefore(line: string): string {
  const match = /^(.*?: )?(?:(.*) )?→ (.*)$/s.exec(line);
  if (!match) return line;
  const [, what = "", before = "", after = ""] = match;
  const isHidden = after.includes(SECRET_MASK) && before !== "" && before !== "absent";
  if (!isHidden) return line;
  // Of a secret alone both sides would read the same.
  return after === SECRET_MASK ? `${what}${SECRET_MASK} changed` : `${what}… → ${after}`;
}

function piecesOf(text: string): readonly string[] {
  return text.split(SEPARATORS);
}

function textsIn(value: unknown): readonly string[] {
  if (typeof value === "string") return [value];
  if (typeof value === "number") return [String(value)];
  if (typeof value !== "object" || value === null) return [];
  return Object.values(value).flatMap(textsIn);
}

/** A value in a text of JSON, with where it stands: `text.slice(start, end)`. */
export type JsonNode =
  & { readonly start: number; readonly end: number }
  & (
    | { readonly kind: "object"; readonly members: readonly JsonMember[] }
    | { readonly kind: "array"; readonly items: readonly JsonNode[] }
    | { readonly kind: "scalar"; readonly value: string | number | boolean | null }
  );

export interface JsonMember {
  readonly key: string;
  /** Where the key begins. */
  readonly start: number;
  readonly value: JsonNode;
}

/** A text is not JSON; the message says where. */
export class JsonSyntaxError extends Error {
  override readonly name = "JsonSyntaxError";
}

const MAX_DEPTH = 200;
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const STRING = /"[^"\\]*(?:\\.[^"\\]*)*"/sy;
const WORDS = { true: true, false: false, null: null } as const;
/** White space and comments of both kinds; a comment that does not end is none. */
const BLANK = /(?:[ \t\r\n]|\/\/[^\n]*|\/\*[^]*?\*\/)*/y;

/**
 * Reads JSON (RFC 8259) with the places of all its values. Comments and a trailing comma are passed over, as programs that
 * are configured in JSON often allow them.
 *
 * @throws {JsonSyntaxError} for anything else, a key that stands twice in one object included.
 */
export function parseJson(text: string): JsonNode {
  const parser = new Parser(text);
  const node = parser.value(0);
  parser.end();
  return node;
}

/** The position behind white space and comments. */
export function skipBlank(text: string, from: number): number {
  BLANK.lastIndex = from;
  BLANK.exec(text);
  return BLANK.lastIndex;
}

class Parser {
  #at = 0;

  constructor(private readonly text: string) {
    this.#at = skipBlank(text, 0);
  }

  value(depth: number): JsonNode {
    if (depth > MAX_DEPTH) this.#fail(`more than ${MAX_DEPTH} levels`);
    const start = this.#at;
    const character = this.text[start];
    if (character === "{") {
      const known = new Set<string>();
      const members = this.#list("}", () => this.#member(known, depth));
      return { kind: "object", members, start, end: this.#at };
    }
    if (character === "[") {
      const items = this.#list("]", () => this.value(depth + 1));
      return { kind: "array", items, start, end: this.#at };
    }
    const value = this.#scalar();
    return { kind: "scalar", value, start, end: this.#at };
  }

  end(): void {
    this.#skip();
    if (this.#at < this.text.length) this.#fail("expected the end");
  }

  #member(known: Set<string>, depth: number): JsonMember {
    const start = this.#at;
    const key = this.#scalar();
    if (typeof key !== "string") this.#fail("expected a key in quotes", start);
    if (known.has(key)) this.#fail(`${JSON.stringify(key)} stands twice in one object`, start);
    known.add(key);
    this.#skip();
    if (this.text[this.#at] !== ":") this.#fail('expected ":"');
    this.#at++;
    this.#skip();
    return { key, start, value: this.value(depth + 1) };
  }

  #list<Entry>(close: string, read: () => Entry): Entry[] {
    const entries: Entry[] = [];
    this.#at++;
    this.#skip();
    while (this.text[this.#at] !== close) {
      entries.push(read());
      this.#skip();
      if (this.text[this.#at] === ",") {
        this.#at++;
        this.#skip();
      } else if (this.text[this.#at] !== close) this.#fail(`expected "," or "${close}"`);
    }
    this.#at++;
    return entries;
  }

  #scalar(): string | number | boolean | null {
    for (const pattern of [STRING, NUMBER]) {
      pattern.lastIndex = this.#at;
      const [found] = pattern.exec(this.text) ?? [];
      if (found === undefined) continue;
      const value = readToken(found);
      if (value === undefined) this.#fail("expected a text without control characters");
      this.#at += found.length;
      return value;
    }
    for (const [word, value] of Object.entries(WORDS)) {
      if (!this.text.startsWith(word, this.#at)) continue;
      this.#at += word.length;
      return value;
    }
    return this.#fail("expected a value");
  }

  #skip(): void {
    this.#at = skipBlank(this.text, this.#at);
  }

  #fail(message: string, at = this.#at): never {
    const before = this.text.slice(0, at).split("\n");
    throw new JsonSyntaxError(
      `not JSON at line ${before.length}, column ${(before.at(-1)?.length ?? 0) + 1}: ${message}`,
    );
  }
}

/** A text or a number; a text may hold what JSON does not allow. */
function readToken(token: string): string | number | undefined {
  try {
    // The patterns let nothing else through.
    return JSON.parse(token) as string | number;
  } catch {
    return undefined;
  }
}

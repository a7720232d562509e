import type { Json } from "../../shared/canonical/canonical_json.ts";

/** Deepest nesting followed; what macOS prints here has five levels. */
const MAX_DEPTH = 32;

const TOKEN = /<(\/?)([a-z]+)(?:\s[^>]*?)?(\/?)>([^<]*)/g;

const ENTITIES: Readonly<Record<string, string>> = {
  amp: "&",
  apos: "'",
  gt: ">",
  lt: "<",
  quot: '"',
};

/**
 * Reads a property list of macOS in its XML form (plist(5)). Data comes as `{ base64 }`, a date as text; `undefined` if the
 * text is no property list.
 */
export function parsePlist(text: string): Json | undefined {
  const start = text.indexOf("<plist");
  if (start === -1) return undefined;
  const reader = new PlistReader(text.slice(start));
  return reader.read();
}

interface Token {
  readonly name: string;
  readonly isEnd: boolean;
  readonly isEmpty: boolean;
  readonly text: string;
}

class PlistReader {
  readonly #tokens: Iterator<RegExpExecArray>;

  constructor(text: string) {
    this.#tokens = text.matchAll(TOKEN);
    this.#next();
  }

  read(): Json | undefined {
    const token = this.#next();
    return token === undefined || token.isEnd ? undefined : this.#value(token, 0);
  }

  #next(): Token | undefined {
    const { done, value } = this.#tokens.next();
    if (done) return undefined;
    const [, slash, name = "", empty, text = ""] = value;
    return { name, isEnd: slash === "/", isEmpty: empty === "/", text };
  }

  #value(token: Token, depth: number): Json | undefined {
    if (depth > MAX_DEPTH) return undefined;
    if (token.name === "true") return this.#closed(token, true);
    if (token.name === "false") return this.#closed(token, false);
    if (token.name === "array") return token.isEmpty ? [] : this.#array(depth);
    if (token.name === "dict") return token.isEmpty ? {} : this.#dict(depth);
    const text = unescape(token.text);
    if (token.name === "integer" || token.name === "real") {
      const number = Number(text);
      return this.#closed(token, Number.isFinite(number) ? number : 0);
    }
    if (token.name === "data") return this.#closed(token, { base64: text.replaceAll(/\s/g, "") });
    if (token.name === "string" || token.name === "date") return this.#closed(token, text);
    return undefined;
  }

  /** The value, after the end of its element. */
  #closed(token: Token, value: Json): Json {
    if (!token.isEmpty) this.#next();
    return value;
  }

  #array(depth: number): Json[] | undefined {
    const items: Json[] = [];
    for (let token = this.#next(); token !== undefined; token = this.#next()) {
      if (token.isEnd) return items;
      const item = this.#value(token, depth + 1);
      if (item === undefined) return undefined;
      items.push(item);
    }
    return undefined;
  }

  #dict(depth: number): Record<string, Json> | undefined {
    const members: [string, Json][] = [];
    for (let token = this.#next(); token !== undefined; token = this.#next()) {
      if (token.isEnd) return Object.fromEntries(members);
      if (token.name !== "key") return undefined;
      if (!token.isEmpty) this.#next();
      const value = this.#next();
      if (value === undefined || value.isEnd) return undefined;
      const member = this.#value(value, depth + 1);
      if (member === undefined) return undefined;
      members.push([unescape(token.text), member]);
    }
    return undefined;
  }
}

function unescape(text: string): string {
  return text.replaceAll(
    /&(?:#(\d{1,7})|#x([0-9a-fA-F]{1,6})|([a-z]{1,5}));/g,
    (whole, decimal, hex, name) => {
      if (name) return ENTITIES[name] ?? whole;
      const code = decimal ? Number(decimal) : Number.parseInt(hex, 16);
      const isCharacter = code <= 0x10ffff && (code < 0xd800 || code > 0xdfff);
      return isCharacter ? String.fromCodePoint(code) : whole;
    },
  );
}

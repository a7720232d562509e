import { Buffer } from "node:buffer";

/** A shorter value is not looked for: it would be found everywhere, and hide more than itself. */
export const MIN_MASKED_LENGTH = 4;
/** A line of a longer value is only looked for from this length on: shorter ones are `}` and `---`. */
const MIN_LINE_LENGTH = 8;
/** A piece of an encoding shorter than this says too little to be looked for. */
const MIN_ENCODED_LENGTH = 8;
/** Line lengths at which programs wrap base64: PEM and MIME. */
const WRAP_WIDTHS = [64, 76];
/** What stands before each line of a unified diff. */
const DIFF_MARKS = ["+", "-", " "];

/**
 * The forms in which a secret may turn up in the output of programs and in diffs: as it is, line by line, and as JSON, URLs,
 * shells, XML, YAML, base64 and hexadecimal digits write it.
 */
export function secretPatterns(value: string): ReadonlySet<string> {
  const patterns = new Set<string>();
  const add = (text: string, minLength: number) => {
    if (text.length >= minLength) patterns.add(text);
  };
  const trimmed = value.trim();
  for (const text of [value, trimmed]) {
    for (const form of writtenForms(text)) add(form, MIN_MASKED_LENGTH);
  }
  const lines = trimmed.split(/\r?\n/);
  if (lines.length > 1) {
    for (const line of lines) {
      for (const form of writtenForms(line.trim())) add(form, MIN_LINE_LENGTH);
    }
    for (const mark of DIFF_MARKS) add(lines.join(`\n${mark}`), MIN_MASKED_LENGTH);
  }
  if (trimmed.length < MIN_MASKED_LENGTH) return patterns;
  const bytes = Buffer.from(trimmed);
  for (const form of base64Forms(bytes)) {
    add(form, MIN_ENCODED_LENGTH);
    add(form.replaceAll("+", "-").replaceAll("/", "_"), MIN_ENCODED_LENGTH);
  }
  const hex = bytes.toString("hex");
  add(hex, MIN_ENCODED_LENGTH);
  add(hex.toUpperCase(), MIN_ENCODED_LENGTH);
  return patterns;
}

/** A text as files and programs quote it. */
function writtenForms(text: string): string[] {
  const url = encodeURIComponent(text.toWellFormed());
  const xml = text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
  return [
    text,
    JSON.stringify(text).slice(1, -1),
    url,
    // As forms are sent, which escapes more (URL Standard, application/x-www-form-urlencoded).
    new URLSearchParams([["", text]]).toString().slice(1),
    // RFC 3986 reserves these too, and some encoders take it at its word.
    url.replaceAll(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`),
    text.replaceAll("'", "'\\''"),
    text.replaceAll("'", `'"'"'`),
    text.replaceAll(/[\\"$`]/g, "\\$&"),
    text.replaceAll(/[^\w@%+=:,./-]/g, "\\$&"),
    text.replaceAll("'", "''"),
    text.replaceAll('"', '""'),
    xml,
    xml.replaceAll('"', "&quot;"),
    xml.replaceAll('"', "&quot;").replaceAll("'", "&#39;"),
  ];
}

/**
 * Base64 of the bytes wherever they stand in what was encoded: of each of the three positions in a group of three bytes,
 * the digits that the bytes alone decide; and of the first, the lines of usual length.
 */
function base64Forms(bytes: Uint8Array): string[] {
  const forms = [0, 1, 2].map((shift) => {
    const encoded = Buffer.concat([Buffer.alloc(shift), bytes]).toString("base64")
      .replace(/=+$/, "");
    const wholeDigits = Math.floor((shift + bytes.length) * 8 / 6);
    return encoded.slice(Math.ceil(shift * 8 / 6), wholeDigits);
  });
  const [first = ""] = forms;
  const lines = WRAP_WIDTHS.flatMap((width) =>
    first.length <= width ? [] : first.match(new RegExp(`.{1,${width}}`, "g")) ?? []
  );
  return [...forms, ...lines];
}

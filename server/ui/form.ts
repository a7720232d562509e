import { ApiError } from "../api/api_error.ts";
import { readBytes } from "../api/bounded_body.ts";

/** The largest form: a command of 64 KiB, three bytes for each of them. */
const MAX_FORM_BYTES = 256 * 1024;
const DEADLINE_MS = 30_000;
/** Fields of a form; the largest has one for each parameter of a named task. */
const MAX_FIELDS = 500;
/** Where the CSRF token stands in every form. */
export const CSRF_FIELD = "csrf";
/** Names of fields that are typed unseen, and so are never written into a page. */
const UNSEEN_FIELDS: ReadonlySet<string> = new Set(["password", "current", "again"]);

/** What somebody filled in. */
export class Form {
  readonly #fields: URLSearchParams;

  constructor(fields: URLSearchParams) {
    this.#fields = fields;
  }

  /** A field as it was typed, without the blanks around it; empty if it is not there. */
  text(name: string): string {
    return this.#fields.get(name)?.trim() ?? "";
  }

  /** A field byte for byte, with the line ends of this system instead of a form's. */
  raw(name: string): string {
    return (this.#fields.get(name) ?? "").replaceAll("\r\n", "\n");
  }

  /** A field as an argument; `undefined` if it was left empty. */
  given(name: string): string | undefined {
    const text = this.text(name);
    return text === "" ? undefined : text;
  }

  /** Whether a box was ticked. */
  has(name: string): boolean {
    return this.#fields.has(name);
  }

  /** Every field that may be shown again, in its order. */
  shown(): (readonly [name: string, value: string])[] {
    return [...this.#fields].filter(([name]) => name !== CSRF_FIELD && !UNSEEN_FIELDS.has(name));
  }
}

/**
 * Reads the body of a form.
 *
 * @throws {ApiError} 413 if it is too large, 415 if it is no form, 400 if it holds what cannot be kept.
 */
export async function readForm(request: Request): Promise<Form> {
  const type = request.headers.get("content-type")?.split(";")[0]?.trim().toLowerCase() ?? "";
  if (type !== "application/x-www-form-urlencoded") {
    throw new ApiError(415, `Cannot read a form of type "${type}"`);
  }
  const bytes = await readBytes(request, { maxBytes: MAX_FORM_BYTES, deadlineMs: DEADLINE_MS });
  const fields = new URLSearchParams(new TextDecoder().decode(bytes));
  if (fields.size > MAX_FIELDS) {
    throw new ApiError(400, `Cannot read a form of more than ${MAX_FIELDS} fields`);
  }
  return new Form(fields);
}

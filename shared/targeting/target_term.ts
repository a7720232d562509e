import type { Glob } from "./glob.ts";
import type { HostnameGlob } from "./hostname_glob.ts";

/** One condition of a target spec. */
export type TargetTerm =
  | { readonly kind: "hostname"; readonly glob: HostnameGlob }
  | { readonly kind: "uuid"; readonly uuid: string }
  | { readonly kind: "filter"; readonly field: TargetField; readonly test: ValueTest };

/** Where a filter finds its values: `os.distro` in the traits, `tag:role` among the tags. */
export type TargetField =
  | { readonly kind: "trait"; readonly path: readonly string[] }
  | { readonly kind: "tag"; readonly name: string };

/** What a filter asks of a value; `text` is the wanted value without its quotes. */
export type ValueTest =
  | { readonly operator: "=" | "!="; readonly text: string }
  | { readonly operator: ">" | "<"; readonly text: string; readonly bound: number }
  | { readonly operator: "~"; readonly text: string; readonly glob: Glob };

export type Operator = ValueTest["operator"];

/** Conditions that must all hold. */
export type TargetPart = readonly TargetTerm[];

/** Characters of a trait path or tag name that need no quotes. */
export const BARE_NAME = /^[A-Za-z0-9_/@+][A-Za-z0-9_/@+-]*$/;

/** A tag name may have dots, as in `viz.color`. */
export const BARE_TAG_NAME = /^[A-Za-z0-9_/@+.-]+$/;

/** The whole text of a UUID, in lower case. */
export const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** A decimal number as JSON writes it. */
export const NUMBER = /^-?\d+(\.\d+)?([eE][+-]?\d{1,3})?$/;

/** Writes a term so that it parses into the same term. */
export function formatTerm(term: TargetTerm): string {
  switch (term.kind) {
    case "hostname":
      return needsQuotes(term.glob.source) ? quoteText(term.glob.source) : term.glob.source;
    case "uuid":
      return term.uuid;
    case "filter":
      return `${formatField(term.field)}${term.test.operator}${formatValue(term.test.text)}`;
  }
}

/** Writes what a filter asks about: `os.distro`, `tag:role`. */
export function formatField(field: TargetField): string {
  if (field.kind === "tag") {
    return `tag:${BARE_TAG_NAME.test(field.name) ? field.name : quoteText(field.name)}`;
  }
  return field.path.map((name) => BARE_NAME.test(name) ? name : quoteText(name)).join(".");
}

function formatValue(text: string): string {
  return needsQuotes(text) || /^[=!<>~]/.test(text) ? quoteText(text) : text;
}

/** Whether `text` would be cut, trimmed, or taken for an exclusion if it stood bare. */
function needsQuotes(text: string): boolean {
  return text === "" || text !== text.trim() || text.startsWith("-") || /[,&"]/.test(text);
}

function quoteText(text: string): string {
  return `"${text.replaceAll(/["\\]/g, "\\$&")}"`;
}

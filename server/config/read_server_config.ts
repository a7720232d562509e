import { type Document, isMap, isNode, isPair, LineCounter, parseDocument } from "yaml";
import { z } from "zod";
import { suggestName } from "../../shared/naming/nearest_name.ts";
import {
  type ConfigSecrets,
  fillConfigSecrets,
  findSecretReferences,
  maskConfigSecrets,
  type SecretReference,
} from "./config_secrets.ts";
import { type ServerConfig, serverConfigSchema } from "./server_config_schema.ts";

/** Largest `server.yaml`, in characters; the annotated reference has a few thousand. */
export const MAX_SERVER_CONFIG_LENGTH = 256 * 1024;
/** Aliases that may be expanded; a configuration needs none. */
const MAX_ALIASES = 20;
/** Longest value quoted in a message. */
const MAX_QUOTED_LENGTH = 60;

export type ReadServerConfig =
  | { readonly ok: true; readonly config: ServerConfig }
  | { readonly ok: false; readonly problems: readonly string[] };

type Path = readonly PropertyKey[];

/**
 * Reads the text of `server.yaml`. Every mistake is reported at once, one line each, as
 * `file:line:column: what is wrong and what was wanted`.
 *
 * @param file names the text in those lines.
 * @param secrets what values of the form `secret:PATH` stand for; no message quotes them.
 */
export function readServerConfig(
  text: string,
  file: string,
  secrets: ConfigSecrets = new Map(),
): ReadServerConfig {
  if (text.length > MAX_SERVER_CONFIG_LENGTH) {
    const limit = `the limit is ${MAX_SERVER_CONFIG_LENGTH}`;
    return { ok: false, problems: [`${file}:1:1: file of ${text.length} characters: ${limit}`] };
  }
  const lines = new LineCounter();
  const document = parseDocument(text, {
    lineCounter: lines,
    prettyErrors: false,
    version: "1.2",
    // What it would print on standard error is told by the schema.
    logLevel: "error",
  });
  const placeOf = (offset: number) => {
    const { line, col } = lines.linePos(offset);
    return `${file}:${Math.max(1, line)}:${Math.max(1, col)}`;
  };
  const faults = [...document.errors, ...document.warnings];
  if (faults.length > 0) {
    return {
      ok: false,
      problems: faults.map(({ pos, message }) => `${placeOf(pos[0])}: ${oneLine(message)}`),
    };
  }
  const value = expand(document);
  if (value === undefined) {
    return { ok: false, problems: [`${file}:1:1: aliases expand too far. Write the values out`] };
  }
  const missing = findSecretReferences(value).filter(({ path }) => !secrets.has(path ?? ""));
  const result = serverConfigSchema.safeParse(fillConfigSecrets(value, secrets));
  if (result.success && missing.length === 0) return { ok: true, config: result.data };
  const problems = (result.error?.issues ?? []).filter(({ path }) =>
    !missing.some(({ at }) => at.join("\0") === path.join("\0"))
  ).flatMap((issue) =>
    describe(issue, document).map(({ offset, message }) => ({
      offset,
      message: maskConfigSecrets(message, secrets),
    }))
  );
  problems.push(...missing.map((reference) => describeMissing(reference, document)));
  problems.sort((a, b) => a.offset - b.offset);
  return {
    ok: false,
    problems: problems.map(({ offset, message }) => `${placeOf(offset)}: ${oneLine(message)}`),
  };
}

/** What applies when no file exists. */
export function defaultServerConfig(): ServerConfig {
  return serverConfigSchema.parse({});
}

/** The document as plain values; undefined if a few lines of aliases would expand into gigabytes. */
function expand(document: Document.Parsed): unknown {
  try {
    return document.toJS({ maxAliasCount: MAX_ALIASES }) ?? {};
  } catch (error) {
    if (error instanceof ReferenceError) return undefined;
    throw error;
  }
}

function describe(
  issue: z.core.$ZodIssue,
  document: Document.Parsed,
): { offset: number; message: string }[] {
  if (issue.code === "unrecognized_keys") {
    const section = issue.path.join(".");
    return issue.keys.map((key) => ({
      offset: keyOffset(document, issue.path, key),
      message: `unknown key ${quote(key)}${section ? ` in ${section}` : ""}${
        suggestName(key, knownKeys(issue.path))
      }`,
    }));
  }
  const node = document.getIn(issue.path, true);
  const offset = isNode(node)
    ? node.range?.[0] ?? 0
    : keyOffset(document, issue.path.slice(0, -1), issue.path.at(-1));
  const name = issue.path.length === 0 ? "the file" : issue.path.join(".");
  const written = isNode(node) ? ` ${quote(node.toJSON())}` : "";
  return [{ offset, message: `${name}${written}: ${oneLine(issue.message)}` }];
}

function describeMissing({ at, path }: SecretReference, document: Document.Parsed) {
  const node = document.getIn(at, true);
  const why = path === undefined
    ? "expected a path after secret:, like secret:db/password"
    : `there is no such secret. Start without it, and set it with: vigocli secrets set ${path}`;
  const written = isNode(node) ? ` ${quote(node.toJSON())}` : "";
  const offset = isNode(node) ? node.range?.[0] ?? 0 : 0;
  return { offset, message: `${at.join(".")}${written}: ${why}` };
}

/** Where a key stands in its map; 0 if it does not. */
function keyOffset(document: Document.Parsed, path: Path, key: PropertyKey | undefined): number {
  const map = path.length === 0 ? document.contents : document.getIn(path, true);
  if (!isMap(map)) return 0;
  const pair = map.items.find((item) => isPair(item) && String(item.key) === String(key));
  return isNode(pair?.key) ? pair.key.range?.[0] ?? 0 : 0;
}

/** The keys that the schema has at a place. */
function knownKeys(path: Path): string[] {
  let schema: unknown = serverConfigSchema;
  for (const step of [...path, undefined]) {
    while (
      schema instanceof z.ZodPrefault || schema instanceof z.ZodDefault ||
      schema instanceof z.ZodOptional
    ) schema = schema.unwrap();
    if (!(schema instanceof z.ZodObject)) return [];
    if (step === undefined) return Object.keys(schema.shape);
    schema = schema.shape[String(step)];
  }
  return [];
}

function quote(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > MAX_QUOTED_LENGTH ? `${text.slice(0, MAX_QUOTED_LENGTH)}…` : text;
}

function oneLine(text: string): string {
  return text.replaceAll(/[\s\p{Cc}]+/gu, " ").trim();
}

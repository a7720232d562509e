import { createHash } from "node:crypto";
import { z } from "zod";
import { UserError } from "../../shared/terminal/user_error.ts";

/**
 * A backup is lines of JSON, compressed with gzip and encrypted with age: a header, then each table with its rows, then each
 * file, then how much it was and the SHA-256 of all lines before.
 */
export const BACKUP_FORMAT = 1;

/** Longest line read, in characters: a file, or a row with what a run applied. */
const MAX_LINE_LENGTH = 256 * 1024 * 1024;

const headerSchema = z.strictObject({
  kind: z.literal("header"),
  format: z.literal(BACKUP_FORMAT),
  version: z.string().max(100),
  createdAtMs: z.number().int().nonnegative(),
  schemaVersion: z.number().int().positive(),
});
export type BackupHeader = z.infer<typeof headerSchema>;

const identifier = z.string().regex(/^[a-z][a-z0-9_]{0,62}$/);
const endSchema = z.strictObject({
  kind: z.literal("end"),
  rows: z.number().int().nonnegative(),
  files: z.number().int().nonnegative(),
  sha256: z.hex().length(64),
});

const recordSchema = z.discriminatedUnion("kind", [
  headerSchema,
  z.strictObject({
    kind: z.literal("table"),
    name: identifier,
    columns: z.array(identifier).min(1).max(500),
  }),
  z.strictObject({ kind: z.literal("row"), values: z.array(z.unknown()) }),
  z.strictObject({
    kind: z.literal("file"),
    path: z.string().max(4096).refine(isInside, { error: "expected a path of the server's own" }),
    mode: z.number().int().min(0).max(0o777),
    base64: z.base64(),
  }),
  endSchema,
]);
export type BackupRecord = z.infer<typeof recordSchema>;

/** What of `/srv/vigo` a backup holds. */
export const BACKUP_ENTRIES = [
  ".live",
  ".versions",
  "secrets",
  "server.yaml",
  "stacks",
  "tls",
] as const;

/** Whether a path of a backup stays below the folders that a backup holds. */
function isInside(path: string): boolean {
  const parts = path.split("/");
  return BACKUP_ENTRIES.some((entry) => entry === parts[0]) && !path.includes("\0") &&
    parts.every((part) => part !== "" && part !== "." && part !== "..");
}

/** Adds line ends and the end to records. */
export async function* writeLines(
  records: AsyncIterable<Exclude<BackupRecord, { kind: "end" }>>,
): AsyncGenerator<Uint8Array> {
  const encoder = new TextEncoder();
  const hash = createHash("sha256");
  let rows = 0, files = 0;
  for await (const record of records) {
    if (record.kind === "row") rows += 1;
    if (record.kind === "file") files += 1;
    const line = encoder.encode(`${JSON.stringify(record)}\n`);
    hash.update(line);
    yield line;
  }
  const end = { kind: "end", rows, files, sha256: hash.digest("hex") };
  yield encoder.encode(`${JSON.stringify(end)}\n`);
}

/**
 * Reads the records of a backup, the header first and the end last.
 *
 * @throws {UserError} if it is damaged, cut off, or of a newer format.
 */
export async function* readLines(
  bytes: AsyncIterable<Uint8Array>,
  name: string,
): AsyncGenerator<BackupRecord> {
  const damaged = (why: string, cause?: unknown) =>
    new UserError(`Cannot use backup "${name}": it is damaged (${why}). Take another`, { cause });
  const hash = createHash("sha256");
  let rows = 0, files = 0, isFirst = true, isOver = false;
  for await (const line of splitLines(bytes, damaged)) {
    if (isOver) throw damaged("something follows its end");
    const record = parse(line, damaged);
    if ((record.kind === "header") !== isFirst) throw damaged("its parts are out of order");
    isFirst = false;
    if (record.kind === "end") {
      const isWhole = record.rows === rows && record.files === files &&
        record.sha256 === hash.digest("hex");
      if (!isWhole) throw damaged("its checksum is another");
      isOver = true;
    } else {
      hash.update(`${line}\n`);
      if (record.kind === "row") rows += 1;
      if (record.kind === "file") files += 1;
    }
    yield record;
  }
  if (!isOver) throw damaged("it is cut off");
}

function parse(line: string, damaged: (why: string, cause?: unknown) => UserError): BackupRecord {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (cause) {
    throw damaged("a line is no JSON", cause);
  }
  const result = recordSchema.safeParse(value);
  if (!result.success) throw damaged("a line is no record of a backup", result.error);
  return result.data;
}

async function* splitLines(
  bytes: AsyncIterable<Uint8Array>,
  damaged: (why: string, cause?: unknown) => UserError,
): AsyncGenerator<string> {
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  const decode = (chunk: Uint8Array) => {
    try {
      return decoder.decode(chunk, { stream: true });
    } catch (cause) {
      throw damaged("it is no text", cause);
    }
  };
  let begun: string[] = [], length = 0;
  for await (const chunk of bytes) {
    const parts = decode(chunk).split("\n");
    for (const [index, part] of parts.entries()) {
      begun.push(part);
      length += part.length;
      if (length > MAX_LINE_LENGTH) throw damaged("a line without an end");
      if (index === parts.length - 1) continue;
      yield begun.join("");
      begun = [];
      length = 0;
    }
  }
  if (length > 0) throw damaged("it is cut off");
}

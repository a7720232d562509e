import assert from "node:assert/strict";
import fc from "fast-check";
import { UserError } from "../../shared/terminal/user_error.ts";
import { type BackupRecord, readLines, writeLines } from "./backup_format.ts";

type Content = Exclude<BackupRecord, { kind: "end" }>;

const HEADER: Content = {
  kind: "header",
  format: 1,
  version: "1.0.0",
  createdAtMs: 1,
  schemaVersion: 1,
};
const RECORDS: readonly Content[] = [
  HEADER,
  { kind: "table", name: "facts", columns: ["name", "value"] },
  { kind: "row", values: ["a", "ü\n\0"] },
  { kind: "file", path: "tls/ca.crt", mode: 0o644, base64: "AAEC" },
];

async function write(records: readonly Content[]): Promise<Uint8Array> {
  const parts = await Array.fromAsync(writeLines(ReadableStream.from(records)));
  return new Uint8Array(await new Blob(parts.map((part) => new Uint8Array(part))).arrayBuffer());
}

async function read(bytes: Uint8Array, chunk = 7): Promise<BackupRecord[]> {
  const chunks: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += chunk) chunks.push(bytes.subarray(at, at + chunk));
  return await Array.fromAsync(readLines(ReadableStream.from(chunks), "a.backup"));
}

Deno.test("what was written is read again, however the bytes are cut", async () => {
  const bytes = await write(RECORDS);
  for (const chunk of [1, 7, bytes.length]) {
    const records = await read(bytes, chunk);
    assert.deepEqual(records.slice(0, -1), RECORDS);
    assert.equal(records.at(-1)?.kind, "end");
  }
});

Deno.test("a backup that is cut off anywhere, or changed in any byte, is refused in one line", async () => {
  const bytes = await write(RECORDS);
  const isRefused = (changed: Uint8Array) =>
    read(changed).then(
      () => false,
      (error) => error instanceof UserError && !error.message.includes("\n"),
    );
  await fc.assert(
    fc.asyncProperty(
      fc.nat(bytes.length - 1),
      async (length) => await isRefused(bytes.subarray(0, length)),
    ),
  );
  await fc.assert(
    fc.asyncProperty(
      fc.nat(bytes.length - 2),
      fc.integer({ min: 1, max: 255 }),
      async (at, flip) => {
        const changed = bytes.slice();
        changed[at] = (changed[at] ?? 0) ^ flip;
        return await isRefused(changed);
      },
    ),
  );
});

Deno.test("a file of a backup stays in the folders that a backup holds", async () => {
  for (
    const path of [
      "../etc/passwd",
      "/etc/passwd",
      "tls/../../x",
      "tls//x",
      "db/vigo.db",
      "secrets/./x",
      "stacks/a\0b",
      "",
    ]
  ) {
    const bytes = await write([HEADER, { kind: "file", path, mode: 0o644, base64: "" }]);
    await assert.rejects(read(bytes), /Cannot use backup "a\.backup": it is damaged/, path);
  }
});

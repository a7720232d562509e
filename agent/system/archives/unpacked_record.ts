import { dirname } from "node:path";
import { z } from "zod";
import { sha256Hex } from "../../../shared/crypto/sha256.ts";
import type { Files } from "../files.ts";
import { MAX_ENTRIES } from "./archive_entry.ts";

/** That many with long names. */
const MAX_RECORD_BYTES = 512 * 1024 * 1024;

const fileSchema = z.strictObject({
  path: z.string(),
  kind: z.literal("file"),
  sizeBytes: z.number(),
  sha256: z.string(),
  mode: z.number(),
  /** Of the file as it was written, after a wait for the disk; with another one the file is read and compared. */
  stamp: z.string(),
});

/** What one archive left in one folder. */
const recordSchema = z.strictObject({
  schema: z.literal(1),
  sha256: z.string(),
  strip: z.number(),
  /** Of the archive, if it lies on this machine: as long as it stays, the archive is not read again. */
  sourceStamp: z.string().optional(),
  entries: z.array(z.discriminatedUnion("kind", [
    fileSchema,
    z.strictObject({ path: z.string(), kind: z.literal("directory") }),
  ])).max(MAX_ENTRIES),
});

export type UnpackedFile = z.infer<typeof fileSchema>;
export type UnpackedRecord = z.infer<typeof recordSchema>;

/** Remembers what was unpacked, in a folder that root alone may read. */
export class UnpackedRecords {
  constructor(
    private readonly files: Files,
    private readonly folder: string,
    private readonly owner: { readonly uid: number; readonly gid: number },
  ) {}

  /** Names below the folder for one destination and source, such as `….json`. */
  pathOf(destination: string, source: string, ending: string): string {
    return `${this.folder}/${sha256Hex(JSON.stringify([destination, source]))}.${ending}`;
  }

  /** `undefined` if there is none, or none that can be read: then the archive is unpacked again. */
  async load(destination: string, source: string): Promise<UnpackedRecord | undefined> {
    const path = this.pathOf(destination, source, "json");
    if (await this.files.inspect(path) === undefined) return undefined;
    const text = new TextDecoder().decode(await this.files.read(path, MAX_RECORD_BYTES));
    try {
      return recordSchema.parse(JSON.parse(text));
    } catch {
      return undefined;
    }
  }

  async save(destination: string, source: string, record: UnpackedRecord): Promise<void> {
    await this.prepare();
    await this.files.writeFile(this.pathOf(destination, source, "json"), {
      content: new TextEncoder().encode(JSON.stringify(record)),
      mode: 0o600,
      ...this.owner,
    });
  }

  async forget(destination: string, source: string): Promise<void> {
    const path = this.pathOf(destination, source, "json");
    if (await this.files.inspect(path) !== undefined) await this.files.removeFile(path);
  }

  /** Makes the folder if it is missing, and those above, which all may enter. */
  async prepare(folder: string = this.folder, mode = 0o700): Promise<void> {
    if (await this.files.inspect(folder) !== undefined) return;
    await this.prepare(dirname(folder), 0o755);
    await this.files.makeDirectory(folder, mode);
  }
}

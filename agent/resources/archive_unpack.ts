import { createHash } from "node:crypto";
import { dirname, join } from "node:path";
import { formatBytes } from "../../shared/terminal/bytes.ts";
import { checkGuardrails } from "../../shared/config/guardrails.ts";
import {
  type ArchiveFormat,
  archiveFormatOf,
  type ArchiveParams,
} from "../../shared/config/resources/archive.ts";
import { type ArchiveEntry, ArchiveError, MAX_ENTRIES } from "../system/archives/archive_entry.ts";
import { placeOf } from "../system/archives/entry_place.ts";
import { openArchive } from "../system/archives/open_archive.ts";
import { type UnpackedRecord, UnpackedRecords } from "../system/archives/unpacked_record.ts";
import { BlockedError } from "../system/blocked_error.ts";
import type { Entry } from "../system/files.ts";
import { describeFailure } from "../system/processes.ts";
import { inTheWay } from "./ownership.ts";
import type { ApplyContext } from "./resource.ts";

/** Largest archive that is fetched or copied. */
const MAX_ARCHIVE_BYTES = 16 * 1024 ** 3;
/** Room that is left to everything else. */
const DISK_RESERVE_BYTES = 64_000_000;
const FOLDER_MODE = 0o755;
const SYNC_TIMEOUT_MS = 600_000;

/** Who what is unpacked belongs to. */
export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/**
 * Copies the archive to a place that nobody else can change, verifies it, looks through all of it, and only then unpacks:
 * one with a name that leads out, a link or a device leaves nothing behind. What was unpacked is written to the disk
 * before it is remembered, so that a crash in between means that it is unpacked again.
 */
export async function unpackArchive(
  params: ArchiveParams,
  owner: Owner,
  sourceStamp: string | undefined,
  context: ApplyContext,
): Promise<UnpackedRecord> {
  const { path, source, strip_components: strip } = params;
  const records = recordsOf(context);
  await records.prepare();
  const staged = records.pathOf(path, source, "archive");
  const scratch = records.pathOf(path, source, "tar");
  try {
    await records.forget(path, source);
    const sha256 = await stage(params, staged, context);
    const format = params.format ?? formatOf(source);
    const entries = () => openArchive(staged, format, { ...context, scratch });
    try {
      await checkRoom(await examine(entries(), params), params, context);
      const written = await write(entries(), params, owner, context);
      await syncDisk(path, context);
      return {
        schema: 1,
        sha256,
        strip,
        ...(sourceStamp === undefined ? {} : { sourceStamp }),
        entries: await withStamps(written, path, context),
      };
    } catch (error) {
      if (!(error instanceof ArchiveError)) throw error;
      throw new Error(`Cannot unpack ${show(source)}: ${error.message}`, { cause: error });
    }
  } finally {
    for (const left of [staged, scratch]) {
      if (await context.files.inspect(left) !== undefined) await context.files.removeFile(left);
    }
  }
}

export function recordsOf({ files, host, self }: ApplyContext): UnpackedRecords {
  return new UnpackedRecords(files, host.archiveFolder, self);
}

/** An address without what may be a key. */
export function show(source: string): string {
  return source.replace(/\?.*$/s, "?…");
}

function formatOf(source: string): ArchiveFormat {
  const format = archiveFormatOf(source);
  // The schema asks for a format where the ending says nothing.
  if (format === undefined) throw new Error("unreachable: an archive without format");
  return format;
}

/** The verified copy's SHA-256. */
async function stage(
  params: ArchiveParams,
  staged: string,
  context: ApplyContext,
): Promise<string> {
  const { source, sha256: expected } = params;
  const timeout = AbortSignal.timeout(params.timeout * 1000);
  const bytes = source.startsWith("/")
    ? context.files.readStream(source)
    : context.host.downloads.open(source, AbortSignal.any([context.signal, timeout]));
  const hash = createHash("sha256");
  const content = async function* () {
    let sizeBytes = 0;
    for await (const piece of bytes) {
      context.signal.throwIfAborted();
      sizeBytes += piece.length;
      if (sizeBytes > MAX_ARCHIVE_BYTES) {
        throw new Error(`the archive has more than ${MAX_ARCHIVE_BYTES} bytes`);
      }
      hash.update(piece);
      yield piece;
    }
  };
  await context.files.writeFile(staged, {
    content: content(),
    durable: false,
    mode: 0o600,
    ...context.self,
  });
  const sha256 = hash.digest("hex");
  if (expected === undefined || sha256 === expected) return sha256;
  throw new Error(
    `${show(source)} has the SHA-256 ${sha256}, not ${expected}: nothing is unpacked`,
  );
}

/** All of it before any of it: what it says that its files hold in bytes, by their places. */
async function examine(
  entries: AsyncIterable<ArchiveEntry>,
  { path, strip_components: strip }: ArchiveParams,
): Promise<ReadonlyMap<string, number>> {
  const sizes = new Map<string, number>();
  let count = 0, places = 0;
  for await (const entry of entries) {
    count += 1;
    if (count > MAX_ENTRIES) throw new ArchiveError(`it has more than ${MAX_ENTRIES} entries`);
    const place = placedIn(path, entry, strip);
    if (place === undefined) continue;
    places += 1;
    if (entry.kind === "file") sizes.set(place, entry.sizeBytes);
  }
  if (places === 0) throw new ArchiveError(`nothing is left without the first ${strip} folders`);
  return sizes;
}

/** Refuses what would fill the disk, less what the files that it replaces give back. */
async function checkRoom(
  sizes: ReadonlyMap<string, number>,
  { path, source }: ArchiveParams,
  { files, host }: ApplyContext,
): Promise<void> {
  let neededBytes = 0;
  for (const sizeBytes of sizes.values()) neededBytes += sizeBytes;
  const freeBytes = await host.freeBytes(path);
  if (neededBytes <= freeBytes - DISK_RESERVE_BYTES) return;
  for (const place of sizes.keys()) {
    const found = await files.inspect(join(path, place));
    if (found?.kind === "file") neededBytes -= found.sizeBytes;
  }
  if (neededBytes <= Math.max(freeBytes - DISK_RESERVE_BYTES, 0)) return;
  throw new BlockedError(
    `Unpacking ${show(source)} takes ${formatBytes(neededBytes)}, and ${formatBytes(freeBytes)} ` +
      `are free at ${path}, of which ${formatBytes(DISK_RESERVE_BYTES)} are kept`,
  );
}

/** Where an entry goes, which no entry may choose such that it hits what Vigo itself needs. */
function placedIn(path: string, entry: ArchiveEntry, strip: number): string | undefined {
  const place = placeOf(entry, strip);
  if (place === undefined) return undefined;
  const type = entry.kind === "directory" ? "directory" : "file";
  const params = { path: join(path, place) };
  const verdict = checkGuardrails({ type, name: place, crate: "", params });
  if (!verdict.ok) {
    throw new ArchiveError(
      `${JSON.stringify(entry.name)} in it would hit ${params.path}, which belongs to Vigo`,
    );
  }
  return place;
}

type Written = Map<
  string,
  { kind: "directory" } | {
    kind: "file";
    sizeBytes: number;
    sha256: string;
    mode: number;
  }
>;

async function write(
  entries: AsyncIterable<ArchiveEntry>,
  { path, strip_components: strip }: ArchiveParams,
  owner: Owner,
  context: ApplyContext,
): Promise<Written> {
  const written: Written = new Map();
  const folders = new Set<string>();
  await makeFolder(path, owner, folders, context);
  for await (const entry of entries) {
    context.signal.throwIfAborted();
    const place = placedIn(path, entry, strip);
    if (place === undefined) continue;
    const at = join(path, place);
    if (entry.kind === "directory") {
      await makeFolder(at, owner, folders, context);
      written.set(place, { kind: "directory" });
      continue;
    }
    await makeFolder(dirname(at), owner, folders, context);
    // No archive may give rights that are above those of its owner.
    const mode = entry.mode & 0o777 | 0o400;
    const hash = createHash("sha256");
    let sizeBytes = 0;
    const content = async function* () {
      for await (const piece of entry.content) {
        sizeBytes += piece.length;
        hash.update(piece);
        yield piece;
      }
    };
    await context.files.writeFile(at, { content: content(), durable: false, mode, ...owner });
    written.set(place, { kind: "file", sizeBytes, sha256: hash.digest("hex"), mode });
  }
  return written;
}

async function makeFolder(
  path: string,
  owner: Owner,
  known: Set<string>,
  context: ApplyContext,
): Promise<void> {
  if (known.has(path)) return;
  const { files } = context;
  const found = await files.inspect(path);
  if (found === undefined) {
    await makeFolder(dirname(path), owner, known, context);
    await files.makeDirectory(path, FOLDER_MODE, owner);
  } else if (found.kind !== "directory" && !isTrustedLink(found, context)) {
    throw new Error(inTheWay(path, found, "a folder"));
  }
  known.add(path);
}

/** As for all managed paths, a link of root's or the agent's own may stand for a folder. */
function isTrustedLink(found: Entry, { self }: ApplyContext): boolean {
  return found.kind === "symlink" && (found.uid === 0 || found.uid === self.uid);
}

/** Once for all files: thousands of them one by one would take minutes. */
async function syncDisk(path: string, { processes, signal }: ApplyContext): Promise<void> {
  const argv = Deno.build.os === "linux" ? ["sync", "-f", path] as const : ["sync"] as const;
  const result = await processes.run({ argv: [...argv], timeoutMs: SYNC_TIMEOUT_MS, signal });
  if (result.end === "exited" && result.status === 0) return;
  throw new BlockedError(describeFailure("Writing to the disk", result));
}

async function withStamps(
  written: Written,
  path: string,
  { files }: ApplyContext,
): Promise<UnpackedRecord["entries"]> {
  const entries: UnpackedRecord["entries"] = [];
  for (const [place, found] of written) {
    if (found.kind === "directory") {
      entries.push({ path: place, kind: "directory" });
      continue;
    }
    const now = await files.inspect(join(path, place));
    entries.push({ path: place, ...found, stamp: now?.kind === "file" ? now.stamp : "" });
  }
  return entries;
}

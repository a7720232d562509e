import { writeFileDurable } from "../../../shared/platform/durable_write.ts";
import { readIfPresent } from "../blobs/chunk_file.ts";
import type { EngineLog } from "../runtime/engine_log.ts";
import type { SwarmPaths } from "../swarm_paths.ts";
import { type SeedsFile, seedsFileSchema } from "./seed_record.ts";

/** What was known about the seeds at the end of the last run; `undefined` if nothing was, or it cannot be read any more. */
export async function readSeedsFile(
  { seeds }: SwarmPaths,
  log: EngineLog,
): Promise<SeedsFile | undefined> {
  const bytes = await readIfPresent(seeds);
  if (!bytes) return undefined;
  let content: unknown;
  try {
    content = JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    // Falls through to the schema, which refuses it.
  }
  const file = seedsFileSchema.safeParse(content);
  if (file.success) return file.data;
  log("warning", "cannot read seeds.json, so every seed is hashed again", {});
  return undefined;
}

/** Replaces the file; either the former content or this one survives a crash. */
export async function writeSeedsFile({ seeds }: SwarmPaths, content: SeedsFile): Promise<void> {
  await writeFileDurable(seeds, JSON.stringify(content), { mode: 0o600 });
}

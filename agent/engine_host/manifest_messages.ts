import { Buffer } from "node:buffer";
import type { ManifestUpdate } from "../../shared/proto/agent.ts";
import { type ManifestEntry, manifestEntrySchema } from "../../shared/swarm/manifest_entry.ts";
import type { AgentLog } from "../runtime/agent_log.ts";

/** Manifest entries in one message to the server. */
const ENTRIES_PER_MESSAGE = 200;
/** Longest reason kept of an entry that cannot be read. */
const MAX_REASON_LENGTH = 200;

/** Entries as they travel, in messages of a bounded size. */
export function encodeEntries(entries: readonly ManifestEntry[]): readonly ManifestUpdate[] {
  const messages: ManifestUpdate[] = [];
  for (let start = 0; start < entries.length; start += ENTRIES_PER_MESSAGE) {
    const batch = entries.slice(start, start + ENTRIES_PER_MESSAGE);
    messages.push({ entries: batch.map((entry) => Buffer.from(JSON.stringify(entry))) });
  }
  return messages;
}

/** Entries as they came. The engine verifies signatures; what has not even the shape of an entry is a problem here. */
export function decodeEntries(
  encoded: readonly Uint8Array[],
): { readonly entries: readonly ManifestEntry[]; readonly problems: readonly string[] } {
  const entries: ManifestEntry[] = [];
  const problems: string[] = [];
  for (const bytes of encoded) {
    try {
      entries.push(manifestEntrySchema.parse(JSON.parse(new TextDecoder().decode(bytes))));
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      problems.push(reason.slice(0, MAX_REASON_LENGTH));
    }
  }
  return { entries, problems };
}

/** Those of the server's entries that can be read; the log is told of the others. */
export function readEntries(
  encoded: readonly Uint8Array[],
  log: AgentLog,
): readonly ManifestEntry[] {
  const { entries, problems } = decodeEntries(encoded);
  for (const reason of problems) {
    log.warn("a manifest entry of the server cannot be read", { reason });
  }
  return entries;
}

import { sha256Hex } from "../../../shared/crypto/sha256.ts";
import type { HasherExamination } from "../channel.ts";
import type { Hasher } from "../hashing/hasher.ts";
import { SwarmPaths } from "../swarm_paths.ts";

/** More than is read at once, and not a whole number of chunks. */
const PROBE_BYTES = 300_001;
const CHUNK_BYTES = 100_000;

/** Has the hashing worker hash a file in `folder`, as it does with seeds, and tell its rights. Starts it if it is not there. */
export async function examineHasher(hasher: Hasher, folder: string): Promise<HasherExamination> {
  const { hashProbe } = new SwarmPaths(folder);
  try {
    const content = new Uint8Array(PROBE_BYTES).map((_, index) => index % 251);
    await Deno.writeFile(hashProbe, content);
    // Together, so that one worker answers both.
    const [scan, rights] = await Promise.all([
      hasher.scan(hashProbe, CHUNK_BYTES),
      hasher.rights(folder),
    ]);
    if (scan.sha256 !== sha256Hex(content)) return { ok: false, reason: "it hashes wrongly" };
    return { ok: true, rights };
  } catch (error) {
    return { ok: false, reason: error instanceof Error ? error.message : String(error) };
  } finally {
    await Deno.remove(hashProbe).catch((error: unknown) => {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    });
  }
}

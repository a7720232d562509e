import type { ManifestEntry } from "../../../shared/swarm/manifest_entry.ts";
import { removeIfPresent } from "../blobs/chunk_file.ts";
import type { EngineLog } from "../runtime/engine_log.ts";
import type { SessionParts } from "./session_parts.ts";

/** Removes what is here of blobs of which nobody says anything any more; what was seeded here goes to the graveyard. */
export function letGoOfBlobs(
  entries: readonly ManifestEntry[],
  { book, claims, content, paths, receiver, scope, seeds, store }: SessionParts,
  { log, onGone }: { readonly log: EngineLog; readonly onGone: () => void },
): void {
  for (const { sha256, label } of entries) {
    if (book.manifest.effective(sha256)) continue;
    claims.forget(sha256);
    content.forget(sha256);
    log("warning", "let go of a blob that the server does not know", { sha256, label });
    scope.run("removal of a blob", async () => {
      await receiver.evaluate();
      await store.remove(sha256);
      if (!receiver.isPending(sha256)) await removeIfPresent(paths.partial(sha256));
      onGone();
    });
    if (seeds.has(sha256)) {
      scope.run("burial of a seed", () => seeds.noteDropped(sha256));
    }
  }
}

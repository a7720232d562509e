import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { ScanHandler } from "./scan_request.ts";

/** Removes messages of a topic; those that are gone already are no error. */
export const pruneQueueHome: ScanHandler<"poolq_prune"> = async ({ home, topicId, ids }) => {
  const folder = join(home, ".vigo-poolq", topicId, "messages");
  for (const id of ids) await rm(join(folder, `${id}.json`), { force: true });
};

import type { Logger } from "../../shared/platform/logging.ts";
import type { ConfigPublisher } from "../publish/config_publisher.ts";
import { prunableVersions } from "../retention/prunable_versions.ts";
import { RetentionKeeper } from "../retention/retention_keeper.ts";
import type { MinuteRecorder } from "../status/minute_recorder.ts";
import type { Store } from "../store/store.ts";
import type { Closing } from "./closing.ts";
import { repeat } from "./repeat.ts";

/** How often what is past its retention is removed. */
const PRUNE_INTERVAL_MS = 3_600_000;
/** How often it is looked whether another minute has begun: a row is this late at most. */
const MINUTE_CHECK_MS = 5_000;

export interface UpkeepParts {
  readonly store: Store;
  readonly publisher: Pick<ConfigPublisher, "prune">;
  readonly minutes: MinuteRecorder;
  /** `database.retention`, in ms. */
  readonly retentionMs: number;
  readonly logger: Logger;
  readonly closing: Closing;
  readonly now: () => number;
}

/** Begins what the server does by the clock: removing what is past its time, and counting minutes. */
export function startUpkeep(
  { store, publisher, minutes, retentionMs, logger, closing, now }: UpkeepParts,
): RetentionKeeper {
  const retention = new RetentionKeeper({
    store,
    now,
    retentionMs,
    pruneVersions: (publishedBeforeMs) =>
      publisher.prune((onDisk, history, live) =>
        prunableVersions(onDisk, history, { live, publishedBeforeMs })
      ),
  });
  const fail = (what: string) => (error: unknown) =>
    logger.warn("Cannot {what}; trying again: {reason}", { what, reason: String(error) });
  const prune = async () => {
    const pruned = await retention.prune();
    if (pruned.runs + pruned.tasks + pruned.versions > 0) {
      logger.info("Removed what is past its retention", { ...pruned });
    }
  };
  const pruning = repeat(PRUNE_INTERVAL_MS, prune, fail("prune the database"));
  // Not awaited: a server that was away for long answers at once. Stopped with the keeper.
  const first = prune().catch(fail("prune the database"));
  const counting = repeat(MINUTE_CHECK_MS, () => minutes.tick(), fail("write the minute"));
  closing.add("the upkeep", async () => {
    await retention.stop();
    await Promise.all([pruning.stop(), counting.stop(), first]);
  });
  return retention;
}

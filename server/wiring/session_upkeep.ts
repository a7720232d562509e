import type { Logger } from "../../shared/platform/logging.ts";
import type { SessionService } from "../auth/session_service.ts";
import { repeat } from "./repeat.ts";

/** How often sessions that have ended are forgotten. What has ended is refused at once, so this is about space alone. */
const PRUNE_INTERVAL_MS = 3_600_000;

/** Begins to forget what is over of sessions, tokens and failed logins; answers how to stop. */
export function startSessionUpkeep(
  sessions: Pick<SessionService, "prune">,
  logger: Logger,
): () => Promise<void> {
  const pruning = repeat(
    PRUNE_INTERVAL_MS,
    () => sessions.prune(),
    (error) =>
      logger.warn("Cannot forget sessions that have ended; trying again: {reason}", {
        reason: String(error),
      }),
  );
  return () => pruning.stop();
}

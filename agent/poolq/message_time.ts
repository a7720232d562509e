import { MAX_AHEAD_MS } from "../../shared/poolq/limits.ts";
import { UserError } from "../../shared/terminal/user_error.ts";

/**
 * The time of the next message: now, but always later than the message before, so that times never run back in a topic.
 *
 * @param nowMs the fleet's time, where the daemon knows it, else this machine's.
 * @param isCorrected whether it is the fleet's.
 * @throws {UserError} naming both clocks if that would be far ahead of the fleet's time: other machines would hold it back.
 */
export function nextMessageTime(
  topicName: string,
  previousMs: number,
  nowMs: number,
  isCorrected: boolean,
): number {
  const timeMs = Math.max(nowMs, previousMs + 1);
  if (isCorrected && timeMs - nowMs > MAX_AHEAD_MS) {
    throw new UserError(
      `Cannot post to "${topicName}": its last message is from ${
        formatTime(previousMs)
      } and the fleet's clock says ${
        formatTime(nowMs)
      }, so the clock was ahead when that was posted. Wait until it is past, or post to another topic`,
    );
  }
  return timeMs;
}

function formatTime(timeMs: number): string {
  const date = new Date(timeMs);
  return Number.isNaN(date.getTime()) ? `${timeMs} ms` : date.toISOString();
}

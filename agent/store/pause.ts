import { userInfo } from "node:os";
import { z } from "zod";
import { formatDuration } from "../../shared/terminal/duration.ts";
import type { AgentDatabase } from "./agent_database.ts";

/** Longest reason, in characters: it travels with every check-in. */
export const MAX_PAUSE_REASON_LENGTH = 300;

const pauseSchema = z.strictObject({
  reason: z.string().min(1).max(MAX_PAUSE_REASON_LENGTH),
  /** Who paused, by the name of the account; for people to ask. */
  by: z.string().max(64),
  sinceMs: z.number().int().nonnegative(),
  /** When it ends by itself; `null` for one that waits for `vigo resume`. */
  untilMs: z.number().int().nonnegative().nullable(),
});

/** That nothing is to be applied for now. The agent goes on checking in, so that the fleet sees it. */
export type Pause = z.infer<typeof pauseSchema>;

/** The pause in force at `nowMs`, if any. One whose time has come is over without anybody ending it. */
export function readPause(db: Pick<AgentDatabase, "fact">, nowMs: number): Pause | undefined {
  const text = db.fact("pause");
  if (text === undefined || text === "") return undefined;
  // Written by this program alone, in one transaction.
  const pause = pauseSchema.parse(JSON.parse(text));
  return pause.untilMs !== null && pause.untilMs <= nowMs ? undefined : pause;
}

/** Puts a pause in force, in place of any other; `undefined` ends the one there is. Durable when it returns. */
export function writePause(db: Pick<AgentDatabase, "setFacts">, pause: Pause | undefined): void {
  db.setFacts({ pause: pause === undefined ? "" : JSON.stringify(pauseSchema.parse(pause)) });
}

/** `paused by anna for another 1h20m: migrating the database`. */
export function describePause({ by, reason, untilMs }: Pause, nowMs: number): string {
  const rest = untilMs === null
    ? 'until "vigo resume"'
    : `for another ${formatDuration(untilMs - nowMs)}`;
  return `paused by ${by} ${rest}: ${reason}`;
}

/** The account of whoever is at the terminal, also through sudo. */
export function nameOfOperator(env: Readonly<Record<string, string | undefined>>): string {
  return (env["SUDO_USER"] || userInfo().username).slice(0, 64);
}

import { EXIT_CODE } from "../../shared/terminal/exit_code.ts";
import { UserError } from "../../shared/terminal/user_error.ts";
import { ApiError, UnreachableError } from "../client/api_error.ts";
import { EventStreamError, SilentStreamError } from "../client/event_stream.ts";
import type { CliContext } from "../context.ts";

/** Between two looks where there is no stream, in ms. */
const POLL_MS = 1_000;
/** How long the server may be away before nobody waits any more, in ms; what it runs goes on when it is back. */
const AWAY_MS = 120_000;
/** Longest wait for one answer, in ms. */
const CALL_TIMEOUT_MS = 30_000;

/** Something that the server runs, and how it is watched. */
export interface WatchedRun<Event> {
  /** What messages and commands call it: `task`, `workflow`. */
  readonly kind: string;
  readonly id: string;
  /** The server's events of it. */
  follow(signal: AbortSignal): AsyncGenerator<Event>;
  take(event: Event): void;
  /** Asks once how it stands, and takes that in. */
  look(signal: AbortSignal): Promise<void>;
  /** Whether it is over, by what was taken in. */
  isOver(): boolean;
  /** The server does not answer; it is asked again. */
  noteAway?(): void;
}

/**
 * Follows a run to its end, by the server's events, and by asking again and again where they do not come through. A server
 * that restarts meanwhile is waited for.
 *
 * @throws {UserError} with status 130 when the operator interrupts, and with 4 if the server stays away; the run goes on.
 */
export async function followRun<Event>(
  run: WatchedRun<Event>,
  { signal, now, pause }: Pick<CliContext, "signal" | "now" | "pause">,
): Promise<void> {
  let canStream = true, awaySinceMs: number | undefined;
  while (!signal.aborted) {
    canStream = canStream && await stream(run, signal);
    if (run.isOver()) return;
    if (signal.aborted) break;
    try {
      await run.look(AbortSignal.any([signal, AbortSignal.timeout(CALL_TIMEOUT_MS)]));
      awaySinceMs = undefined;
    } catch (error) {
      if (signal.aborted) break;
      if (!(error instanceof UnreachableError)) throw error;
      run.noteAway?.();
      awaySinceMs ??= now();
      if (now() - awaySinceMs >= AWAY_MS) throw away(run, error);
    }
    if (run.isOver()) return;
    await pause(POLL_MS);
  }
  throw interrupted(run);
}

/** @returns whether it is worth asking for the stream again. */
async function stream<Event>(run: WatchedRun<Event>, signal: AbortSignal): Promise<boolean> {
  try {
    for await (const event of run.follow(signal)) run.take(event);
  } catch (error) {
    // Too many follow it, or a proxy lets nothing pass. A token that is not valid any more may be renewed.
    if (error instanceof ApiError) return error.status === 401;
    if (!(error instanceof EventStreamError)) throw error;
    if (error instanceof SilentStreamError) return false;
  }
  return true;
}

type Named = Pick<WatchedRun<unknown>, "kind" | "id">;

/** What an operator reads who stops watching. */
export function interrupted({ kind, id }: Named): UserError {
  return new UserError(
    `Stopped watching; ${kind} ${id} goes on. See it with: vigocli ${kind} status ${id}, or end it with: vigocli ${kind} cancel ${id}`,
    { exitCode: EXIT_CODE.interrupted },
  );
}

function away({ kind, id }: Named, cause: UnreachableError): UserError {
  const name = kind.charAt(0).toUpperCase() + kind.slice(1);
  return new UserError(
    `${cause.message}. ${name} ${id} goes on when it is back; see it then with: vigocli ${kind} status ${id}`,
    { exitCode: EXIT_CODE.unreachable, cause },
  );
}

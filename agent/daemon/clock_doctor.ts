import type { Verifier } from "../../shared/crypto/ed25519.ts";
import type { AgentLog } from "../runtime/agent_log.ts";
import type { SignedCaller } from "../server_link/signed_caller.ts";

/** Pause between questions about the time: a clock does not become right by asking. */
const ASK_EVERY_MS = 60_000;
/** A clock this far off makes requests be refused, so it may be what keeps TLS from working. */
const SERIOUS_OFFSET_MS = 5 * 60_000;

/** What a clock doctor works with. */
export interface ClockDoctorParts {
  /** Base of the REST listener. */
  readonly rest: string;
  readonly verifier: Verifier;
  readonly caller: SignedCaller;
  readonly log: AgentLog;
  /** Sets the machine's clock; absent unless the daemon was started with `--set-clock`. */
  readonly setClock?: (timeMs: number) => Promise<void>;
  nowMs(): number;
}

/** Finds out whether a wrong clock is why TLS fails, and says what to do about it. */
export class ClockDoctor {
  readonly #parts: ClockDoctorParts;
  #lastAskedMs = Number.NEGATIVE_INFINITY;

  constructor(parts: ClockDoctorParts) {
    this.#parts = parts;
  }

  /** Asks the server for its signed time. Without an answer that verifies nothing is known and nothing is said. */
  async examine(signal: AbortSignal): Promise<void> {
    const { rest, verifier, caller, log, setClock, nowMs } = this.#parts;
    const sinceMs = nowMs() - this.#lastAskedMs;
    if (sinceMs >= 0 && sinceMs < ASK_EVERY_MS) return;
    this.#lastAskedMs = nowMs();
    const { askClockOffset, describeClockOffset } = await import("../enroll/server_clock.ts");
    try {
      const offsetMs = await askClockOffset(rest, verifier, nowMs, signal);
      if (Math.abs(offsetMs) < SERIOUS_OFFSET_MS) return;
      log.error(describeClockOffset(offsetMs), { offsetMs });
      if (!setClock) {
        caller.correctClock(offsetMs);
        return;
      }
      await setClock(nowMs() + offsetMs);
      caller.correctClock(0);
      log.warn("the clock was set to the server's", { offsetMs });
    } catch (error) {
      log.debug("the server's clock could not be asked", {
        reason: error instanceof Error ? error.message : String(error),
      });
    }
  }
}

import { storageFault } from "../store/storage_fault.ts";
import type { Clock } from "../runtime/clock.ts";
import type { AgentLog } from "../runtime/agent_log.ts";
import type { CycleOutcome, CycleRequest } from "./cycle.ts";
import { FileLock, LockHeldError } from "../runtime/cycle_lock.ts";
import { describeFailure } from "./describe_failure.ts";
import { nextDelayMs } from "./loop_plan.ts";
import type { AgentStatus } from "./status.ts";
import type { Wake, WakeQueue } from "./wake_queue.ts";

/** How often the cycle lock is tried while a single run holds it, in ms. */
const LOCK_RETRY_MS = 200;

/** What the loop works with. */
export interface CheckInLoopParts {
  readonly clock: Clock;
  readonly log: AgentLog;
  /** Who wants a cycle before it is due. */
  readonly queue: WakeQueue;
  readonly cycle: { run(request: CycleRequest): Promise<CycleOutcome> };
  readonly certificate: {
    isExpired(): boolean;
    /** @param asked the server said that it is time. */
    renewIfDue(asked: boolean): Promise<void>;
  };
  /** Looks into a clock that may be what keeps TLS from working. */
  readonly doctor: { examine(signal: AbortSignal): Promise<void> };
  /** File of the lock that a cycle holds. */
  readonly lockPath: string;
  /** Named when its disk takes no writes. */
  readonly stateFolder: string;
  /** Place of this envoy in the interval, see `splayOf`. */
  readonly splay: number;
  intervalMs(): number;
  /** Told of each cycle, and whether the server answered. */
  onCycle?(isAnswered: boolean): void;
  /** Told of each cycle in which the server answered. */
  onAnswered(): void;
  /** A number in [0, 1). */
  random(): number;
}

/**
 * Cycles one after the other: at this envoy's place in the interval, when somebody wants one, and after a failure as the
 * back-off says. A cycle that fails ends nothing; what ends the loop is its signal, or a fault that no waiting heals.
 */
export class CheckInLoop {
  readonly #parts: CheckInLoopParts;
  #activity: AgentStatus["activity"] = "idle";
  #failures = 0;
  #last: CycleOutcome | undefined;
  #nextCheckInAtMs: number | null = null;

  constructor(parts: CheckInLoopParts) {
    this.#parts = parts;
  }

  /** What the loop is at, how often it failed in a row, what came of the last cycle, and when the next is due. */
  get state(): {
    readonly activity: AgentStatus["activity"];
    readonly failures: number;
    readonly last: CycleOutcome | undefined;
    readonly nextCheckInAtMs: number | null;
  } {
    return {
      activity: this.#activity,
      failures: this.#failures,
      last: this.#last,
      nextCheckInAtMs: this.#nextCheckInAtMs,
    };
  }

  /** Runs until `signal` aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, queue, splay, intervalMs, random } = this.#parts;
    let wake: Wake = { trigger: "start", dryRun: false, force: false };
    try {
      while (!signal.aborted) {
        const outcome = await this.#tryCycle(wake, signal);
        if (!outcome) return;
        this.#parts.onCycle?.(this.#failures === 0);
        wake.onDone?.(outcome);
        const plan = { intervalMs: intervalMs(), splay, failures: this.#failures };
        const delayMs = nextDelayMs(plan, clock.nowMs(), random());
        this.#nextCheckInAtMs = clock.nowMs() + delayMs;
        await clock.sleep(delayMs, AbortSignal.any([signal, queue.bell]));
        wake = queue.next() ?? { trigger: "interval", dryRun: false, force: false };
      }
    } finally {
      this.#activity = "stopping";
    }
  }

  /** A cycle that survives a full or failing disk: nothing that was durable is lost, and somebody may make room. */
  async #tryCycle(wake: Wake, signal: AbortSignal): Promise<CycleOutcome | undefined> {
    const { log, stateFolder } = this.#parts;
    try {
      return await this.#runCycle(wake, signal);
    } catch (error) {
      const reason = storageFault(error);
      if (reason === undefined) throw error;
      this.#activity = "idle";
      this.#failures++;
      log.error("cannot store what a cycle needs; trying again later", {
        reason,
        folder: stateFolder,
      });
      return {
        notApplied: `the disk below ${stateFolder} does not take writes: ${reason}`,
        renewCertificate: false,
        suspectedClone: false,
      };
    }
  }

  /** One cycle under the lock; `undefined` if the daemon was stopped while it waited for the lock. */
  async #runCycle(wake: Wake, signal: AbortSignal): Promise<CycleOutcome | undefined> {
    const { certificate, cycle } = this.#parts;
    using lock = await this.#takeLock(signal);
    if (!lock) return undefined;
    this.#activity = "checking in";
    if (certificate.isExpired()) await certificate.renewIfDue(false);
    const outcome = await cycle.run({
      trigger: wake.trigger,
      dryRun: wake.dryRun,
      force: wake.force,
      signal,
      onResource: (resource) => {
        this.#activity = "applying";
        wake.onResource?.(resource);
      },
    });
    this.#activity = "idle";
    await this.#learn(outcome, signal);
    return outcome;
  }

  async #learn(outcome: CycleOutcome, signal: AbortSignal): Promise<void> {
    const { log, certificate, doctor, onAnswered } = this.#parts;
    const { failure } = outcome;
    this.#last = outcome;
    if (signal.aborted) return;
    if (failure) {
      this.#failures++;
      const { level, message } = describeFailure(failure);
      log[this.#failures === 1 ? level : "debug"](message, {
        reason: failure.message,
        failures: this.#failures,
      });
      if (failure.clockSuspected || certificate.isExpired()) await doctor.examine(signal);
      return;
    }
    if (this.#failures > 0) log.info("the server answers again", { failures: this.#failures });
    this.#failures = 0;
    if (outcome.suspectedClone) {
      log.error(
        'the server believes that two machines use this identity; run "vigocli envoys accept" for it or enrol one of them anew',
      );
    }
    onAnswered();
    await certificate.renewIfDue(outcome.renewCertificate);
  }

  async #takeLock(signal: AbortSignal): Promise<FileLock | undefined> {
    const { clock, log, lockPath } = this.#parts;
    for (let isFirst = true; !signal.aborted; isFirst = false) {
      try {
        return await FileLock.take(lockPath, {
          pid: Deno.pid,
          what: "vigo daemon",
          sinceMs: clock.nowMs(),
        });
      } catch (error) {
        if (!(error instanceof LockHeldError)) throw error;
        if (isFirst) log.info("waiting for another run to end", { holder: error.message });
        await clock.sleep(LOCK_RETRY_MS, signal);
      }
    }
    return undefined;
  }
}

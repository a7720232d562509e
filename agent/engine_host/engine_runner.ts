import type { EngineStart } from "../swarm/channel.ts";
import type { EngineEvent, EngineHandle, EngineHandlers } from "../swarm/start_engine.ts";
import { backoffMs, type BackoffPlan } from "../runtime/backoff.ts";
import type { Clock } from "../runtime/clock.ts";
import type { AgentLog } from "../runtime/agent_log.ts";

/** Starts an engine: `startEngine` of the swarm, or a fake. */
export type StartEngine = (start: EngineStart, handlers: EngineHandlers) => EngineHandle;

/** Whether an engine runs, and if not, why. */
export type EngineState = "off" | "starting" | "running" | "failed";

/** An engine that dies at once is not started in a loop. */
const ENGINE_BACKOFF: BackoffPlan = { firstMs: 1_000, longestMs: 60_000 };
/** An engine that ran this long was healthy: its next death starts the back-off anew. */
const HEALTHY_AFTER_MS = 60_000;

/** What an engine runner works with. */
export interface EngineRunnerParts {
  readonly startEngine: StartEngine;
  readonly clock: Clock;
  readonly log: AgentLog;
  /** What an engine is started with; asked at every start, since the certificate changes. */
  start(): EngineStart;
  random(): number;
  onEvent(event: EngineEvent): void;
  /** The engine has gone, and with it whatever was waited for or known from it. */
  onGone(): void;
  /** A start that was put off is due; whether there is to be an engine at all may have changed since. */
  onDue(): void;
}

/** Starts and ends the swarm engine. Two of them never share a folder: one starts when the one before has ended. */
export class EngineRunner {
  readonly #parts: EngineRunnerParts;
  #engine: EngineHandle | undefined;
  #startedAtMs = 0;
  #deaths = 0;
  #restart: AbortController | undefined;
  #settled: Promise<void> = Promise.resolve();
  #state: EngineState = "off";
  #problem = "";

  constructor(parts: EngineRunnerParts) {
    this.#parts = parts;
  }

  get state(): EngineState {
    return this.#state;
  }

  /** Why the engine does not run although it should; empty when there is nothing to tell. */
  get problem(): string {
    return this.#problem;
  }

  get engine(): EngineHandle | undefined {
    return this.#engine;
  }

  /** Whether a start is put off. */
  get isRestarting(): boolean {
    return this.#restart !== undefined;
  }

  /** Resolved once what was told to end has ended, and no start is put off. */
  get settled(): Promise<void> {
    return this.#settled;
  }

  launch(): void {
    const { startEngine, start, clock, log, onEvent } = this.#parts;
    this.#startedAtMs = clock.nowMs();
    this.#state = "starting";
    log.info("starting the swarm engine");
    const engine = startEngine(start(), {
      onEvent,
      onCrash: (reason) => {
        if (this.#engine === engine) this.#bury(reason);
      },
    });
    this.#engine = engine;
  }

  /** Ends the engine and puts another in its place. */
  startAnew(reason: string): void {
    this.#halt(reason);
    this.#plan(() => Promise.resolve());
  }

  /** Ends the engine and starts none: there is to be none, for what `problem` tells. */
  rest(reason: string, problem: string): void {
    this.stop(reason);
    this.#state = "off";
    this.#problem = problem;
  }

  /** Ends the engine and whatever restart was planned. */
  stop(reason: string): void {
    this.#restart?.abort();
    this.#restart = undefined;
    this.#halt(reason);
  }

  /** The engine works. */
  noteReady(): void {
    this.#state = "running";
    this.#problem = "";
  }

  /** An engine that cannot open its port goes on trying by itself, and says so only in its log. */
  noteError(reason: string): void {
    if (this.#state === "starting") this.#problem = reason;
  }

  /** The engine says that it cannot go on. */
  fail(reason: string): void {
    const engine = this.#engine;
    if (!engine) return;
    this.#bury(reason);
    engine.terminate();
  }

  #halt(reason: string): void {
    const engine = this.#engine;
    if (!engine) return;
    const { log } = this.#parts;
    this.#forget();
    log.info("stopping the swarm engine", { reason });
    this.#settled = this.#settled.then(() => engine.stop()).catch((error) =>
      log.error("the swarm engine did not stop in order", { reason: String(error) })
    );
  }

  #bury(reason: string): void {
    const { clock, log, random } = this.#parts;
    const livedMs = clock.nowMs() - this.#startedAtMs;
    this.#forget();
    this.#deaths = livedMs >= HEALTHY_AFTER_MS ? 1 : this.#deaths + 1;
    this.#state = "failed";
    this.#problem = reason;
    const delayMs = backoffMs(this.#deaths, ENGINE_BACKOFF, random());
    log.error("swarm engine ended; it is started again", { reason, delayMs });
    this.#plan((signal) => clock.sleep(delayMs, signal));
  }

  #plan(pause: (signal: AbortSignal) => Promise<void>): void {
    const restart = new AbortController();
    this.#restart = restart;
    this.#settled = this.#settled.then(() => pause(restart.signal)).then(() => {
      if (restart.signal.aborted) return;
      this.#restart = undefined;
      this.#parts.onDue();
    });
  }

  #forget(): void {
    this.#engine = undefined;
    this.#parts.onGone();
  }
}

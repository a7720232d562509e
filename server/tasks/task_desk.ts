import { setImmediate, setTimeout as wait } from "node:timers/promises";
import type { Signer } from "../../shared/crypto/ed25519.ts";
import type { Logger } from "../../shared/platform/logging.ts";
import {
  type ServerMessage,
  type TaskOutputChunk,
  TaskOutputChunk_Stream,
  type TaskResult,
} from "../../shared/proto/agent.ts";
import { outputShareBytes } from "../../shared/tasks/task_limits.ts";
import type { StoredTarget, StoredTask, TaskRepository } from "../store/task_store.ts";
import type { Probe } from "./health_probe.ts";
import { explainLate, isUnexplained } from "./late_result.ts";
import { listAllTargets } from "./list_all_targets.ts";
import { LiveTask } from "./live_task.ts";
import { type ReadResult, readResult } from "./read_result.ts";
import { cancelMessage, dispatchMessage } from "./sign_orders.ts";
import type { RunEffect } from "./task_run.ts";
import { VerdictWriter, type WriterLimits } from "./verdict_writer.ts";

/** Envoys told in one go, before others get their turn: each costs a signature, a TLS record and a write of its own. */
const SENDS_PER_TURN = 25;
/** Until the next try after the store refused, in ms. */
const RETRY_MS = 1_000;
/** How long whoever reads results waits for what is being written, in ms. */
const WRITTEN_DEADLINE_MS = 5_000;
/** Bytes of one piece of output that are passed on. */
const MAX_CHUNK_BYTES = 64 * 1024;

export interface TaskDeskOptions {
  readonly store: TaskRepository;
  readonly signer: Signer;
  readonly now: () => number;
  readonly logger: Logger;
  readonly probe: Probe;
  /** Whether the envoy had an open stream that took the message. */
  readonly send: (envoyUuid: string, message: ServerMessage) => boolean;
  /** Why an envoy gets no tasks now; `undefined` if it may. */
  readonly barred: (envoyUuid: string) => string | undefined;
  /** For tests. */
  readonly writerLimits?: WriterLimits;
}

interface Desk {
  readonly live: LiveTask;
  /** What is to be done for it, one thing after the other. */
  work: Promise<void>;
  timer: ReturnType<typeof setTimeout> | undefined;
  wakeAtMs: number | undefined;
  readonly scope: AbortController;
}

/**
 * Carries out the tasks that are not over: sends what is due, writes what comes back, and lets time pass. What must
 * survive is in the store before anything is done that relies on it, so that a restart goes on from there.
 */
export class TaskDesk {
  readonly #options: TaskDeskOptions;
  readonly #writer: VerdictWriter;
  readonly #desks = new Map<string, Desk>();
  readonly #byEnvoy = new Map<string, Set<Desk>>();
  #isStopped = false;
  #noteOver: (id: string) => void = () => {};

  private constructor(options: TaskDeskOptions) {
    this.#options = options;
    this.#writer = new VerdictWriter(options.store, options.logger, options.writerLimits);
  }

  /** Takes up again what was not over when the server stopped. */
  static async load(options: TaskDeskOptions): Promise<TaskDesk> {
    const desk = new TaskDesk(options);
    for (const task of await options.store.listUnfinished()) {
      const targets = await listAllTargets(options.store, task.record.id);
      desk.#open(new LiveTask(task, targets, true), (live) => live.run.resume(options.now()));
    }
    return desk;
  }

  /** Tasks that are not over. */
  get size(): number {
    return this.#desks.size;
  }

  get(id: string): LiveTask | undefined {
    return this.#desks.get(id)?.live;
  }

  /** Resolves when the store has every verdict that was known by now, or when that takes too long. */
  async written(): Promise<void> {
    const scope = new AbortController();
    const late = wait(WRITTEN_DEADLINE_MS, undefined, { signal: scope.signal }).catch(() => {});
    await Promise.race([this.#writer.flush(), late]);
    scope.abort();
  }

  /** Tells somebody of each task that is over from now on, once the store has all of it. */
  listen(noteOver: (id: string) => void): void {
    this.#noteOver = noteOver;
  }

  /** Begins a task that is in the store. */
  start(task: StoredTask, targets: readonly StoredTarget[]): LiveTask {
    const live = new LiveTask(task, targets, false);
    this.#open(live, () => live.run.begin(this.#options.now()));
    return live;
  }

  /** Ends a task as soon as can be. */
  cancel(id: string, reason: string): void {
    const desk = this.#desks.get(id);
    if (desk) this.#apply(desk, desk.live.run.cancel(reason, this.#options.now()));
  }

  /** An envoy has a stream again. */
  noteStream(envoyUuid: string): void {
    for (const desk of this.#desksOf(envoyUuid)) {
      this.#apply(desk, desk.live.run.noteStream(envoyUuid, this.#options.now()));
    }
  }

  /** An envoy's identity is gone. */
  noteRevoked(envoyUuid: string): void {
    for (const desk of this.#desksOf(envoyUuid)) {
      this.#apply(desk, desk.live.run.noteRevoked(envoyUuid, this.#options.now()));
    }
  }

  noteStarted(envoyUuid: string, taskId: string): void {
    const run = this.#desks.get(taskId)?.live.run;
    const position = run?.positionOf(envoyUuid);
    if (run && position !== undefined && run.noteStarted(envoyUuid)) {
      this.#desks.get(taskId)?.live.followers.noteTarget(position);
    }
  }

  /** Passes on what a running command has written, to whoever looks. */
  noteOutput(envoyUuid: string, { taskId, stream, offset, data }: TaskOutputChunk): void {
    const live = this.#desks.get(taskId)?.live;
    const position = live?.run.positionOf(envoyUuid);
    if (!live || position === undefined || live.followers.count === 0) return;
    if (live.run.target(position).state === "over" || data.length > MAX_CHUNK_BYTES) return;
    live.followers.noteOutput({
      kind: "output",
      position,
      hostname: live.row(position).hostname,
      stream: stream === TaskOutputChunk_Stream.STDERR ? "stderr" : "stdout",
      offset,
      data: new Uint8Array(data).toBase64(),
    });
  }

  /** Takes in what came of a task; the envoy hears when it may forget it. @returns false if that cannot be a result. */
  async noteResult(envoyUuid: string, message: TaskResult): Promise<boolean> {
    const { taskId } = message;
    const stored = () => {
      this.#options.send(envoyUuid, { taskResultStored: { taskId } });
    };
    const desk = this.#desks.get(taskId);
    const result = readResult(message, outputShareBytes(desk?.live.record.targets ?? 1));
    if (!result) return false;
    // The agent says it again until it is confirmed, and meanwhile it is over for nobody.
    if (!this.#writer.hasRoom) return true;
    if (!desk) await this.#noteAfterTheEnd(envoyUuid, taskId, result, stored);
    else this.#noteLive(desk, envoyUuid, result, stored);
    return true;
  }

  /** Ends what is under way and writes what waits; every task goes on with the next start. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    for (const desk of this.#desks.values()) {
      clearTimeout(desk.timer);
      desk.scope.abort();
    }
    await Promise.all([...this.#desks.values()].map(({ work }) => work));
    await this.#writer.stop();
  }

  #desksOf(envoyUuid: string): Desk[] {
    return [...this.#byEnvoy.get(envoyUuid) ?? []];
  }

  #open(live: LiveTask, begin: (live: LiveTask) => RunEffect[]): void {
    const desk: Desk = {
      live,
      work: Promise.resolve(),
      timer: undefined,
      wakeAtMs: undefined,
      scope: new AbortController(),
    };
    this.#desks.set(live.id, desk);
    for (let position = 0; position < live.targets; position += 1) {
      const { envoyUuid, batch } = live.row(position);
      if (batch === null) continue;
      const known = this.#byEnvoy.get(envoyUuid) ?? new Set();
      this.#byEnvoy.set(envoyUuid, known.add(desk));
    }
    this.#apply(desk, begin(live));
  }

  #close(desk: Desk): void {
    clearTimeout(desk.timer);
    desk.scope.abort();
    this.#desks.delete(desk.live.id);
    for (let position = 0; position < desk.live.targets; position += 1) {
      const { envoyUuid } = desk.live.row(position);
      const known = this.#byEnvoy.get(envoyUuid);
      known?.delete(desk);
      if (known?.size === 0) this.#byEnvoy.delete(envoyUuid);
    }
    this.#options.logger.info("Task {id} is over: {status}", {
      id: desk.live.id,
      ...desk.live.run.counts,
      status: desk.live.run.state.status,
    });
    this.#noteOver(desk.live.id);
  }

  #noteLive(desk: Desk, envoyUuid: string, result: ReadResult, stored: () => void): void {
    const { live } = desk;
    const position = live.run.positionOf(envoyUuid);
    const isFirst = position !== undefined && live.run.target(position).state !== "over";
    const { exitCode, durationMs, output } = result;
    // Before the run judges it, whose verdict is then written with all the rest.
    const before = isFirst ? live.row(position) : undefined;
    const { fit, effects } = live.run.noteResult(envoyUuid, result, this.#options.now());
    if (fit === "taken" && before) {
      for (const effect of effects) {
        if (effect.kind !== "verdict" || effect.position !== before.position) continue;
        this.#store(desk, effect, { exitCode, durationMs, output }, stored);
      }
      return this.#apply(
        desk,
        effects.filter((effect) =>
          effect.kind !== "verdict" || effect.position !== before.position
        ),
      );
    }
    if (fit === "late" && position !== undefined && isUnexplained(live.row(position))) {
      const row = live.change(position, explainLate(result));
      this.#writer.note(live.id, row, stored);
      return live.followers.noteTarget(position);
    }
    this.#afterWrites(stored);
  }

  /** A result of a task that is over, or of one that the server never had. */
  async #noteAfterTheEnd(
    envoyUuid: string,
    taskId: string,
    result: ReadResult,
    stored: () => void,
  ): Promise<void> {
    const target = await this.#options.store.findTarget(taskId, envoyUuid);
    if (!target || !isUnexplained(target)) return this.#afterWrites(stored);
    this.#writer.note(taskId, { ...target, ...explainLate(result) }, stored);
  }

  #afterWrites(stored: () => void): void {
    this.#writer.flush().then(stored).catch((error) =>
      this.#options.logger.error("Cannot tell an envoy that its result is kept: {reason}", {
        reason: String(error),
      })
    );
  }

  #store(
    { live }: Desk,
    { position, verdict, reason }: Extract<RunEffect, { kind: "verdict" }>,
    change: Partial<StoredTarget> = {},
    stored?: () => void,
  ): void {
    this.#writer.note(live.id, live.change(position, { verdict, reason, ...change }), stored);
    live.followers.noteTarget(position);
    live.followers.noteTask();
  }

  #apply(desk: Desk, effects: readonly RunEffect[]): void {
    const rest: RunEffect[] = [];
    for (const effect of effects) {
      if (effect.kind === "verdict") this.#store(desk, effect);
      else rest.push(effect);
    }
    if (rest.length > 0) {
      desk.work = desk.work.then(() => this.#perform(desk, rest)).catch((error) =>
        this.#options.logger.error("Cannot go on with task {id}: {reason}", {
          id: desk.live.id,
          reason: error instanceof Error ? error.stack ?? error.message : String(error),
        })
      );
    }
    this.#schedule(desk);
  }

  async #perform(desk: Desk, effects: readonly RunEffect[]): Promise<void> {
    let turns = 0;
    for (const effect of effects) {
      if (this.#isStopped) return;
      if (effect.kind === "save") await this.#save(desk);
      else if (effect.kind === "probe") this.#probe(desk);
      else if (effect.kind !== "verdict") {
        this.#tell(desk, effect);
        turns += 1;
        if (turns % SENDS_PER_TURN === 0) await setImmediate();
      }
    }
    this.#schedule(desk);
  }

  /** Writes where the run is, after every verdict that led there; until that is done nothing else of it goes on. */
  async #save(desk: Desk): Promise<void> {
    const { live, scope } = desk;
    while (!this.#isStopped && this.#desks.has(live.id)) {
      try {
        // First what is to be kept, then every verdict that led there: one that falls meanwhile brings a save of its own.
        const progress = live.progress();
        await this.#writer.flush();
        await this.#options.store.saveProgress(live.id, progress);
        live.followers.noteTask();
        if (progress.phase === "over") this.#close(desk);
        return;
      } catch (error) {
        this.#options.logger.error("Cannot write where task {id} is; trying again: {reason}", {
          id: live.id,
          reason: String(error),
        });
        await wait(RETRY_MS, undefined, { signal: scope.signal }).catch(() => {});
      }
    }
  }

  /** Sends what the target is to have now, be that known since a moment or not. */
  #tell(
    { live }: Desk,
    { kind, position }: Extract<RunEffect, { kind: "send" | "recall" }>,
  ): void {
    const { state } = live.run.target(position);
    if (state === "over") return;
    const { signer, send, barred } = this.#options;
    const { envoyUuid } = live.row(position);
    const { batchStartedAtMs } = live.run.state;
    const message = kind === "send" ? dispatchMessage : cancelMessage;
    const isBarred = kind === "send" && barred(envoyUuid) !== undefined;
    const isSent = !isBarred &&
      send(envoyUuid, message(live.record, envoyUuid, batchStartedAtMs, signer));
    if (!isSent && kind === "send") live.run.noteUnsent(position);
    live.followers.noteTarget(position);
  }

  #probe(desk: Desk): void {
    const { live, scope } = desk;
    const url = live.record.healthCheckUrl;
    if (url === null) throw new Error("a health check without an address");
    const { probe, now } = this.#options;
    // Not part of the work that waits for one thing after the other: a cancel must get through.
    probe(url, scope.signal).then(
      (problem) => this.#apply(desk, live.run.noteHealth(problem, now())),
      (error) => this.#apply(desk, live.run.noteHealth(String(error), now())),
    );
  }

  #schedule(desk: Desk): void {
    const { wakeAtMs } = desk.live.run;
    if (this.#isStopped || wakeAtMs === desk.wakeAtMs) return;
    clearTimeout(desk.timer);
    desk.wakeAtMs = wakeAtMs;
    if (wakeAtMs === undefined) return;
    desk.timer = setTimeout(() => {
      desk.wakeAtMs = undefined;
      this.#apply(desk, desk.live.run.tick(this.#options.now()));
    }, Math.max(0, wakeAtMs - this.#options.now()));
  }
}

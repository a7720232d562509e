import { Buffer } from "node:buffer";
import type { Verifier } from "../../shared/crypto/ed25519.ts";
import type { SignedBytes } from "../../shared/canonical/signed_document.ts";
import { judgeCommand } from "../../shared/guardrails/judge_command.ts";
import { type AgentMessage, TaskResult } from "../../shared/proto/agent.ts";
import { type CapturedOutput, keptBytes, NO_OUTPUT } from "../../shared/tasks/captured_output.ts";
import type { TaskDispatch } from "../../shared/tasks/task_orders.ts";
import { storageFault } from "../store/storage_fault.ts";
import type { Processes } from "../system/processes.ts";
import { acceptCancel, acceptDispatch } from "./accept_order.ts";
import { OutputRelay } from "./output_relay.ts";
import { ResultCourier } from "./result_courier.ts";
import { type CommandOutcome, runCommand } from "./run_command.ts";
import type { BeginRefusal, TaskLedger } from "../store/task_ledger.ts";

/** Tasks that may run on one machine at once. */
const MAX_RUNNING = 16;
/** Results held in memory while the disk takes none; each may be of 2 MiB. */
const MAX_UNKEPT = 16;
/** What commands get to end by themselves when the agent is stopped, in ms; it has to be gone after five seconds. */
const STOP_GRACE_MS = 2_000;

/** What is used of the log. */
export interface TaskLog {
  info(message: string, properties?: Record<string, unknown>): void;
  warn(message: string, properties?: Record<string, unknown>): void;
  error(message: string, properties?: Record<string, unknown>): void;
}

export interface TaskKeeperParts {
  readonly ledger: TaskLedger;
  /** Of the server that this envoy enrolled with. */
  readonly verifier: Verifier;
  readonly envoyUuid: string;
  readonly processes: Processes;
  /** What a command is told beside what every program gets, such as where the agent's paths lie. */
  readonly environment: Readonly<Record<string, string>>;
  readonly log: TaskLog;
  /** The server's clock, as far as it is known, in ms since 1970. */
  serverTimeMs(): number;
  /** Sends down the stream; false while there is none. */
  send(message: Partial<AgentMessage>): boolean;
}

interface Running {
  readonly cancel: AbortController;
  readonly ended: Promise<void>;
}

interface Unkept {
  readonly issuedAtMs: number;
  readonly outcome: CommandOutcome;
}

/**
 * Runs what the server dispatches, once, and brings the result back.
 *
 * A task is written down as begun before its command is executed, so that after a crash at any moment it is either not
 * begun, and may be sent again, or known, and answered with what is known of it: `lost` if the agent ended while it ran.
 */
export class TaskKeeper {
  readonly #parts: TaskKeeperParts;
  readonly #running = new Map<string, Running>();
  /** What the disk did not take, oldest first: said on every stream until it is kept, or the server has it. */
  readonly #unkept = new Map<string, Unkept>();
  readonly #courier: ResultCourier;
  readonly #relay: OutputRelay;
  readonly #stop = new AbortController();
  readonly #hurry = new AbortController();

  constructor(parts: TaskKeeperParts) {
    this.#parts = parts;
    this.#courier = new ResultCourier(parts.ledger, (message) => parts.send(message));
    this.#relay = new OutputRelay((message) => void parts.send(message));
    this.#giveUpStarted();
  }

  /** Tasks that run now. */
  get running(): number {
    return this.#running.size;
  }

  /** A stream is open. */
  noteStream(): void {
    for (const taskId of this.#running.keys()) this.#parts.send({ taskStarted: { taskId } });
    this.#courier.begin();
    for (const [taskId, { issuedAtMs, outcome }] of [...this.#unkept]) {
      this.#finish(taskId, issuedAtMs, outcome);
    }
  }

  /** The server has written a result down. */
  noteStored(taskId: string): void {
    if (!this.#unkept.delete(taskId)) this.#courier.confirm(taskId);
  }

  /** Runs a task if it may be. */
  dispatch(signed: SignedBytes): void {
    const { verifier, envoyUuid, ledger, log } = this.#parts;
    const opened = acceptDispatch(signed, verifier, envoyUuid);
    if (!opened.ok) {
      return log.error("a task was refused, since it may not come from the server", {
        reason: opened.reason,
      });
    }
    const dispatch = opened.value;
    const { taskId } = dispatch;
    if (this.#answerKnown(taskId)) return;
    const refusal = this.#judge(dispatch);
    if (refusal !== undefined) return this.#refuse(dispatch, refusal);
    let begun: ReturnType<TaskLedger["begin"]>;
    try {
      begun = ledger.begin(taskId, dispatch.issuedAtMs);
    } catch (error) {
      const reason = storageFault(error);
      if (reason === undefined) throw error;
      return this.#refuse(dispatch, `the agent cannot write down that it begins: ${reason}`);
    }
    if (!begun.ok) return this.#refuse(dispatch, BEGIN_REFUSALS[begun.reason]);
    log.info("task begins", { taskId, command: dispatch.command, timeoutMs: dispatch.timeoutMs });
    const cancel = new AbortController();
    this.#running.set(taskId, { cancel, ended: this.#run(dispatch, cancel.signal) });
    this.#parts.send({ taskStarted: { taskId } });
  }

  /** Ends a task, or sees to it that it never begins. */
  cancel(signed: SignedBytes): void {
    const { verifier, envoyUuid, log } = this.#parts;
    const opened = acceptCancel(signed, verifier, envoyUuid);
    if (!opened.ok) {
      return log.error("the cancel of a task was refused, since it may not come from the server", {
        reason: opened.reason,
      });
    }
    const { taskId, issuedAtMs } = opened.value;
    const running = this.#running.get(taskId);
    if (running) return running.cancel.abort();
    if (this.#answerKnown(taskId)) return;
    this.#finish(taskId, issuedAtMs, withoutOutput("cancelled", "it had not begun"));
  }

  /** Ends what runs, each with a result that says so. */
  async stop(): Promise<void> {
    this.#stop.abort();
    const timer = setTimeout(() => this.#hurry.abort(), STOP_GRACE_MS);
    await Promise.all([...this.#running.values()].map(({ ended }) => ended));
    clearTimeout(timer);
    this.#relay.stop();
    this.#courier.stop();
  }

  /** What an earlier process began and did not finish: whether it did its work nobody can tell. */
  #giveUpStarted(): void {
    const { ledger, log } = this.#parts;
    for (const { taskId, issuedAtMs } of ledger.listStarted()) {
      log.warn("a task was begun and the agent ended before it did", { taskId });
      const lost = withoutOutput("lost", "the agent ended while the command ran");
      this.#finish(taskId, issuedAtMs, lost);
    }
  }

  /** Says again what is known of a task. @returns whether anything is. */
  #answerKnown(taskId: string): boolean {
    const { ledger, send } = this.#parts;
    if (this.#running.has(taskId)) {
      send({ taskStarted: { taskId } });
      return true;
    }
    const unkept = this.#unkept.get(taskId);
    if (unkept) {
      this.#finish(taskId, unkept.issuedAtMs, unkept.outcome);
      return true;
    }
    const known = ledger.find(taskId);
    if (known?.result) send({ taskResult: TaskResult.decode(known.result) });
    return known !== undefined;
  }

  /** Why a task is not run; `undefined` if it is. */
  #judge({ command, expiresAtMs }: TaskDispatch): string | undefined {
    const lateMs = this.#parts.serverTimeMs() - expiresAtMs;
    if (lateMs > 0) return `it came ${Math.ceil(lateMs / 1000)} s too late to be begun`;
    const verdict = judgeCommand(command, "/", "hard");
    if (!verdict.ok) {
      return `the agent's guardrails refuse it, since it ${verdict.reason}: ${verdict.pattern}`;
    }
    if (this.#stop.signal.aborted) return "the agent is stopping";
    return this.#running.size >= MAX_RUNNING
      ? `${this.#running.size} tasks run on this machine already`
      : undefined;
  }

  #refuse({ taskId, issuedAtMs }: TaskDispatch, reason: string): void {
    this.#parts.log.warn("a task was refused", { taskId, reason });
    this.#finish(taskId, issuedAtMs, withoutOutput("rejected", reason));
  }

  async #run(dispatch: TaskDispatch, cancel: AbortSignal): Promise<void> {
    const { taskId, issuedAtMs, live } = dispatch;
    const { processes, log } = this.#parts;
    const written = { stdout: 0, stderr: 0 };
    let outcome: CommandOutcome;
    try {
      outcome = await runCommand(dispatch, processes, {
        cancel,
        stop: this.#stop.signal,
        hurry: this.#hurry.signal,
        environment: this.#parts.environment,
        onOutput: (stream, bytes) => {
          if (live) this.#relay.note(taskId, stream, written[stream], bytes);
          written[stream] += bytes.length;
        },
      });
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      log.error("a task's command could not be run", { taskId, reason });
      outcome = withoutOutput("failed", reason);
    }
    this.#relay.forget(taskId);
    log.info("task ended", {
      taskId,
      verdict: outcome.verdict,
      exitCode: outcome.exitCode,
      durationMs: outcome.durationMs,
    });
    this.#finish(taskId, issuedAtMs, outcome);
    this.#running.delete(taskId);
  }

  /** Keeps a result and sends it. What cannot be kept is sent at least, and remembered until it can be or is not needed. */
  #finish(taskId: string, issuedAtMs: number, outcome: CommandOutcome): void {
    const { ledger, send, log } = this.#parts;
    const result = toMessage(taskId, outcome);
    try {
      ledger.finish(
        taskId,
        issuedAtMs,
        TaskResult.encode(result).finish(),
        TaskResult.encode(toMessage(taskId, withoutContent(outcome))).finish(),
      );
    } catch (error) {
      const reason = storageFault(error);
      if (reason === undefined) throw error;
      log.error("cannot keep the result of a task", { taskId, reason });
      this.#unkept.set(taskId, { issuedAtMs, outcome });
      const [oldest] = this.#unkept.keys();
      if (this.#unkept.size > MAX_UNKEPT && oldest !== undefined) this.#unkept.delete(oldest);
      send({ taskResult: result });
      return;
    }
    this.#unkept.delete(taskId);
    this.#courier.deliver();
  }
}

const BEGIN_REFUSALS: Readonly<Record<BeginRefusal, string>> = {
  known: "it was begun before",
  forgotten: "it is older than the tasks that this agent remembers",
  full: "too many results wait here for the server",
};

function withoutOutput(verdict: CommandOutcome["verdict"], reason: string): CommandOutcome {
  return { verdict, reason, durationMs: 0, stdout: NO_OUTPUT, stderr: NO_OUTPUT };
}

/** The same result, for when there is no room for output. */
function withoutContent(outcome: CommandOutcome): CommandOutcome {
  const drop = (output: CapturedOutput): CapturedOutput => ({
    ...NO_OUTPUT,
    droppedBytes: output.droppedBytes + keptBytes(output),
  });
  return { ...outcome, stdout: drop(outcome.stdout), stderr: drop(outcome.stderr) };
}

function toMessage(taskId: string, outcome: CommandOutcome): TaskResult {
  const { verdict, exitCode, durationMs, reason, stdout, stderr } = outcome;
  const bytes = ({ head, tail, droppedBytes }: CapturedOutput) => ({
    head: Buffer.from(head),
    tail: Buffer.from(tail),
    droppedBytes,
  });
  return TaskResult.fromPartial({
    taskId,
    verdict,
    ...(exitCode === undefined ? {} : { exitCode }),
    durationMs,
    reason,
    stdout: bytes(stdout),
    stderr: bytes(stderr),
  });
}

import { type AgentMessage, TaskResult } from "../../shared/proto/agent.ts";
import type { TaskLedger } from "../store/task_ledger.ts";

/** How long the server may take to confirm a result before the next is tried, in ms. */
const CONFIRM_DEADLINE_MS = 10_000;

/**
 * Brings results to the server, one at a time, until it has confirmed each. One that is never confirmed keeps the others
 * waiting no longer than its deadline, and has its turn again after them.
 */
export class ResultCourier {
  readonly #ledger: Pick<TaskLedger, "nextWaiting" | "confirm">;
  readonly #send: (message: Partial<AgentMessage>) => boolean;
  /** The result that was sent and is not confirmed. */
  #underWay: string | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isStopped = false;

  /** @param send false while there is no stream. */
  constructor(
    ledger: Pick<TaskLedger, "nextWaiting" | "confirm">,
    send: (message: Partial<AgentMessage>) => boolean,
  ) {
    this.#ledger = ledger;
    this.#send = send;
  }

  /** A stream is open: whatever was under way on the one before may have been lost with it. */
  begin(): void {
    this.#underWay = undefined;
    this.deliver();
  }

  /** Sends the next result, unless one is under way. */
  deliver(): void {
    if (this.#underWay === undefined) this.#sendAfter(undefined);
  }

  /** The server has a result. */
  confirm(taskId: string): void {
    this.#ledger.confirm(taskId);
    if (taskId !== this.#underWay) return;
    this.#underWay = undefined;
    this.deliver();
  }

  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
  }

  #sendAfter(last: string | undefined): void {
    clearTimeout(this.#timer);
    if (this.#isStopped) return;
    const next = this.#ledger.nextWaiting(last) ?? this.#ledger.nextWaiting();
    if (next?.result === undefined) {
      this.#underWay = undefined;
      return;
    }
    if (!this.#send({ taskResult: TaskResult.decode(next.result) })) {
      this.#underWay = undefined;
      return;
    }
    this.#underWay = next.taskId;
    this.#timer = setTimeout(() => this.#sendAfter(next.taskId), CONFIRM_DEADLINE_MS);
  }
}

import type { Logger } from "../../shared/platform/logging.ts";
import {
  type AgentMessage,
  Refusal_Reason,
  ServerMessage,
  type SignedRequest,
} from "../../shared/proto/agent.ts";
import type { AgentStreams, StreamChannel } from "../fleet/agent_streams.ts";
import type { EnvoyState } from "../fleet/envoy_state.ts";
import type { ManifestExchange } from "../swarm/manifest_exchange.ts";
import type { ProgressSink } from "../swarm/progress_sink.ts";
import { judgeHeartbeatLimits, SHA256_BYTES } from "./limits.ts";
import { malformed, type RequestRefusal, toServiceError } from "../fleet/refusals.ts";
import type { RunBook } from "./run_book.ts";
import type { QueueMesh } from "../poolq/queue_mesh.ts";
import type { TaskInbox } from "../tasks/task_inbox.ts";

/** A stream whose first message has not come by then is closed. */
const HELLO_DEADLINE_MS = 10_000;
/** Messages that an agent may send in a burst, and then per second. */
const BURST_MESSAGES = 100;
const MESSAGES_PER_SECOND = 20;
/** Bytes that may wait for an agent that reads slowly; past it the stream is closed and the agent comes again. */
export const MAX_UNSENT_BYTES = 4 * 1024 * 1024;
/** What a waiting message costs beside its own bytes, about. */
const MESSAGE_OVERHEAD_BYTES = 256;

export interface AgentStreamOptions {
  readonly streams: AgentStreams;
  readonly manifest: ManifestExchange;
  readonly progress: ProgressSink;
  readonly runs: Pick<RunBook, "noteHeartbeat">;
  readonly tasks: TaskInbox;
  readonly queues: Pick<QueueMesh, "greet">;
  readonly now: () => number;
  readonly logger: Logger;
  /** How long the first message may take; for tests. */
  readonly helloDeadlineMs?: number;
  /** Proves whose stream it is, by the signed request in its first message. */
  readonly verifyHello: (
    hello: SignedRequest,
  ) => Promise<
    { readonly ok: true; readonly state: EnvoyState } | {
      readonly ok: false;
      readonly refusal: RequestRefusal;
    }
  >;
}

/** What is used of a gRPC stream. */
export interface AgentCall {
  on(event: "data", listener: (message: AgentMessage) => void): unknown;
  on(event: "end" | "cancelled" | "error", listener: () => void): unknown;
  emit(event: "error", error: Error): boolean;
  /** @param done called once the message is on its way. */
  write(message: ServerMessage, done: () => void): boolean;
  end(): unknown;
}

/** Serves one agent's stream until either side ends it. */
export function serveAgentStream(
  call: AgentCall,
  options: AgentStreamOptions,
): void {
  new AgentStream(call, options);
}

class AgentStream implements StreamChannel {
  readonly #call: AgentCall;
  readonly #options: AgentStreamOptions;
  readonly #helloTimer: ReturnType<typeof setTimeout>;
  #state: EnvoyState | undefined;
  #isClosed = false;
  #isGreeted = false;
  #allowance = BURST_MESSAGES;
  #allowanceAtMs: number;
  /** Messages that wait for the one being sent; kept here, since what gRPC has taken cannot be taken back. */
  #unsent: { readonly message: ServerMessage; readonly bytes: number }[] = [];
  #unsentBytes = 0;
  #isSending = false;

  constructor(call: AgentCall, options: AgentStreamOptions) {
    this.#call = call;
    this.#options = options;
    this.#allowanceAtMs = options.now();
    const { helloDeadlineMs = HELLO_DEADLINE_MS } = options;
    this.#helloTimer = setTimeout(
      () => this.close(malformed(`no hello within ${helloDeadlineMs} ms`)),
      helloDeadlineMs,
    );
    call.on("data", (message: AgentMessage) => {
      this.#take(message).catch((error) => {
        options.logger.error("Cannot serve a stream: {reason}", { reason: String(error) });
        this.close();
      });
    });
    call.on("end", () => this.close());
    call.on("cancelled", () => this.#forget());
    call.on("error", () => this.#forget());
  }

  send(message: ServerMessage): boolean {
    if (this.#isClosed) return false;
    const bytes = ServerMessage.encode(message).finish().length + MESSAGE_OVERHEAD_BYTES;
    if (this.#unsentBytes + bytes > MAX_UNSENT_BYTES) {
      this.close({
        reason: Refusal_Reason.UNSPECIFIED,
        message: `more than ${MAX_UNSENT_BYTES} bytes wait for this agent to read them`,
      });
      return false;
    }
    this.#unsent.push({ message, bytes });
    this.#unsentBytes += bytes;
    this.#sendNext();
    return true;
  }

  #sendNext(): void {
    if (this.#isSending || this.#isClosed) return;
    const next = this.#unsent.shift();
    if (!next) return;
    this.#isSending = true;
    this.#call.write(next.message, () => {
      this.#isSending = false;
      this.#unsentBytes -= next.bytes;
      this.#sendNext();
    });
  }

  close(refusal?: RequestRefusal): void {
    if (this.#isClosed) return;
    this.#forget();
    if (refusal) this.#call.emit("error", toServiceError(refusal));
    else this.#call.end();
  }

  async #take(message: AgentMessage): Promise<void> {
    if (this.#isClosed) return;
    if (!this.#isGreeted) return await this.#greet(message);
    const state = this.#state;
    // While the hello is being verified nothing else may come.
    if (!state) return this.close(malformed("a message came before the welcome"));
    if (!this.#spend()) {
      return this.close(
        malformed(`more than ${MESSAGES_PER_SECOND} messages a second`),
      );
    }
    const { manifest, progress, streams, runs, tasks } = this.#options;
    if (message.heartbeat) {
      if (message.heartbeat.root.length !== SHA256_BYTES) {
        return this.close(malformed("a heartbeat without the root of what was applied"));
      }
      const overLimit = judgeHeartbeatLimits(message.heartbeat);
      if (overLimit !== undefined) return this.close(malformed(overLimit));
      runs.noteHeartbeat(state, message.heartbeat);
    } else if (message.pong) streams.notePong(state.record.uuid, message.pong.token);
    else if (message.swarmProgress) progress.receive(message.swarmProgress, state);
    else if (message.manifest) await manifest.receive(message.manifest.entries, state);
    else if (message.taskStarted) {
      tasks.noteStarted(state.record.uuid, message.taskStarted.taskId);
    } else if (message.taskOutput) tasks.noteOutput(state.record.uuid, message.taskOutput);
    else if (message.taskResult) {
      const isResult = await tasks.noteResult(state.record.uuid, message.taskResult);
      if (!isResult) this.close(malformed("a task's result that cannot be one"));
    } else this.close(malformed("a second hello, or a message of unknown kind"));
  }

  async #greet({ hello }: AgentMessage): Promise<void> {
    this.#isGreeted = true;
    if (!hello) return this.close(malformed("the first message is not a hello"));
    const verified = await this.#options.verifyHello(hello);
    if (!verified.ok) return this.close(verified.refusal);
    if (this.#isClosed) return;
    clearTimeout(this.#helloTimer);
    const { state } = verified;
    if (state.record.state !== "active") {
      return this.close({ reason: Refusal_Reason.REVOKED, message: "this envoy is revoked" });
    }
    this.#state = state;
    // A daemon that has just started may have lost what it was told.
    state.hintRevision = 0;
    this.#options.manifest.begin(state.record.uuid);
    this.#options.streams.open(state.record.uuid, this);
    this.send({ welcome: { serverTimeMs: this.#options.now() } });
    this.#options.tasks.noteStream(state.record.uuid);
    await this.#options.queues.greet(state, (heads) => this.send(heads));
  }

  #spend(): boolean {
    const nowMs = this.#options.now();
    const earned = Math.max(0, nowMs - this.#allowanceAtMs) / 1000 * MESSAGES_PER_SECOND;
    this.#allowance = Math.min(BURST_MESSAGES, this.#allowance + earned);
    this.#allowanceAtMs = nowMs;
    if (this.#allowance < 1) return false;
    this.#allowance -= 1;
    return true;
  }

  #forget(): void {
    this.#isClosed = true;
    this.#unsent = [];
    clearTimeout(this.#helloTimer);
    if (this.#state) this.#options.streams.forget(this.#state.record.uuid, this);
  }
}

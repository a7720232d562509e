import { Buffer } from "node:buffer";
import { SIGNED_METHODS } from "../../shared/canonical/envoy_frames.ts";
import { type AgentMessage, type ServerMessage, StreamHello } from "../../shared/proto/agent.ts";
import { backoffMs, type BackoffPlan } from "../runtime/backoff.ts";
import type { Clock } from "../runtime/clock.ts";
import type { AgentLog } from "../runtime/agent_log.ts";
import type { ServerGateway, ServerStream } from "./server_gateway.ts";
import type { SignedCaller } from "./signed_caller.ts";

/** A server that restarted sees the agents it had again over this window instead of all at once. */
const REOPEN_WITHIN_MS = 5_000;
/** While it is away; an answered check-in says sooner that it is back. */
const STREAM_BACKOFF: BackoffPlan = { firstMs: 1_000, longestMs: 60_000 };

const AGENT_STREAM = SIGNED_METHODS[3];

/** What a stream keeper works with. */
export interface StreamKeeperParts {
  readonly gateway: ServerGateway;
  readonly caller: SignedCaller;
  readonly clock: Clock;
  readonly log: AgentLog;
  readonly agentVersion: string;
  random(): number;
  /** The server has welcomed this stream. */
  onOpen(): void;
  /** Everything else that the server says. */
  onMessage(message: ServerMessage): void;
}

/** Keeps one stream to the server open for as long as it runs. */
export class StreamKeeper {
  readonly #parts: StreamKeeperParts;
  #stream: ServerStream | undefined;
  #isOpen = false;
  /** The pause before the next attempt, if it is one. */
  #pause: AbortController | undefined;
  #failures = 0;

  constructor(parts: StreamKeeperParts) {
    this.#parts = parts;
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Sends a message; lost while no stream is open, so that only what ages well is sent here. */
  send(message: AgentMessage): boolean {
    if (!this.#isOpen || !this.#stream) return false;
    this.#stream.send(message);
    return true;
  }

  /** The server has answered, so that there is no reason to wait any longer. */
  noteAnswer(): void {
    this.#failures = 0;
    this.#pause?.abort();
  }

  /** Opens the stream, and again whenever it ends, until `signal` aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, log, random } = this.#parts;
    while (!signal.aborted) {
      const { wasOpen, reason } = await this.#runOnce(signal);
      if (signal.aborted) return;
      this.#failures = wasOpen ? 0 : this.#failures + 1;
      log[wasOpen ? "info" : "debug"]("stream to the server ended", { reason });
      const pauseMs = wasOpen
        ? random() * REOPEN_WITHIN_MS
        : backoffMs(this.#failures, STREAM_BACKOFF, random());
      this.#pause = new AbortController();
      await clock.sleep(pauseMs, AbortSignal.any([signal, this.#pause.signal]));
      this.#pause = undefined;
    }
  }

  #runOnce(signal: AbortSignal): Promise<{ wasOpen: boolean; reason: string }> {
    const { gateway, caller, agentVersion, log, onOpen } = this.#parts;
    const hello = caller.sign(
      AGENT_STREAM,
      Buffer.from(StreamHello.encode({ agentVersion }).finish()),
    );
    return new Promise((resolve) => {
      let wasOpen = false;
      const stop = () => stream.close();
      const stream = gateway.openStream(hello, {
        onMessage: (message) => {
          if (message.welcome) {
            wasOpen = true;
            this.#isOpen = true;
            log.info("stream to the server is open");
            onOpen();
          } else if (message.ping) this.send({ pong: { token: message.ping.token } });
          else this.#parts.onMessage(message);
        },
        onEnd: (failure) => {
          signal.removeEventListener("abort", stop);
          this.#isOpen = false;
          this.#stream = undefined;
          resolve({ wasOpen, reason: failure?.message ?? "the server closed it" });
        },
      });
      this.#stream = stream;
      signal.addEventListener("abort", stop);
    });
  }
}

import { writeFileDurable } from "../../../shared/platform/durable_write.ts";
import type { EngineStart, FromEngine, ToEngine } from "../channel.ts";
import { Hasher } from "../hashing/hasher.ts";
import { heldRights } from "../held_rights.ts";
import type { PeerQuestion } from "../relay.ts";
import { UnfitRuntimeError } from "../peers/unfit_runtime_error.ts";
import { SwarmPaths } from "../swarm_paths.ts";
import { DaemonRequests } from "./daemon_requests.ts";
import { type EngineFacts, portOf } from "./engine_facts.ts";
import { examineHasher } from "./examine_hasher.ts";
import type { EngineLog } from "../runtime/engine_log.ts";
import { EngineSession } from "./engine_session.ts";
import { type SessionFacts, shutState } from "./swarm_state.ts";
import { pause, TaskScope } from "../runtime/task_scope.ts";

/** Pause before a session that could not start, or failed, is tried again. */
const RESTART_MS = 10_000;
/** Without a session nobody knows what is complete; the next one that starts removes it. */
const NOTHING_CLEANED = { danglingLinks: 0, stalePartials: 0, errors: 0 };

export interface EngineOptions {
  readonly post: (message: FromEngine) => void;
  /** Waits for the port to the hashing worker that `startEngine` starts when asked. */
  readonly hasherPort: () => Promise<MessagePort>;
}

type Documents = Extract<ToEngine, { kind: "documents" }>;

/** Follows the daemon's messages: opens a session when the gates allow one, changes or ends it when they say otherwise. */
export class Engine {
  readonly #options: EngineOptions;
  readonly #instance = crypto.getRandomValues(new Uint8Array(8)).toHex();
  readonly #requests: DaemonRequests;
  readonly #hasher: Hasher;
  readonly #log: EngineLog;
  readonly #scope: TaskScope;
  #start: EngineStart | undefined;
  #documents: Documents | undefined;
  #traits: unknown = {};
  #interfaces: EngineFacts["interfaces"] = [];
  #clockOffsetMs = 0;
  #lastCheckInMs: number | null = null;
  #session: EngineSession | undefined;
  #queue: Promise<void> = Promise.resolve();
  #retryScheduled = false;

  constructor(options: EngineOptions) {
    this.#options = options;
    this.#log = (level, message, properties = {}) =>
      options.post({ kind: "log", level, message, properties });
    this.#scope = new TaskScope(this.#log);
    this.#requests = new DaemonRequests(options.post);
    this.#hasher = new Hasher(
      () => {
        const port = options.hasherPort();
        options.post({ kind: "hasher", wanted: true });
        return port;
      },
      () => options.post({ kind: "hasher", wanted: false }),
    );
  }

  /** Takes one message from the daemon. Messages are handled in their order. */
  handle(message: ToEngine): void {
    // An answer to the session itself: behind the queue it could wait for the message that waits for it.
    if (message.kind === "signed") {
      return this.#requests.settleSignature(message.requestId, message.entry);
    }
    if (message.kind === "unsigned") {
      return this.#requests.settleSignature(message.requestId, new Error(message.reason));
    }
    if (message.kind === "linked") {
      return this.#requests.settleLinks(message.requestId, message.outcome);
    }
    if (message.kind === "fetched") {
      return this.#requests.settleContent(message.requestId, message.answer);
    }
    if (message.kind === "answered") {
      return this.#requests.settleRelay(message.requestId, message.reply);
    }
    // Both wait for other machines, and nothing else may wait for them.
    if (message.kind === "ask_peer") return this.#askPeer(message.requestId, message.question);
    if (message.kind === "diagnose") return this.#diagnose(message.requestId, message.peer);
    this.#queue = this.#queue.then(() => this.#handle(message)).catch((error: unknown) =>
      this.#options.post({ kind: "fatal", reason: String(error) })
    );
  }

  /** The hashing worker is gone: what was asked of it fails and is tried again by whoever asked. */
  dropHasher(): void {
    this.#hasher.stop();
  }

  async #handle(
    message: Exclude<
      ToEngine,
      {
        kind: "signed" | "unsigned" | "linked" | "fetched" | "diagnose" | "answered" | "ask_peer";
      }
    >,
  ): Promise<void> {
    switch (message.kind) {
      case "start":
        this.#start = message;
        this.#lastCheckInMs = message.lastCheckInMs ?? null;
        break;
      case "documents":
        this.#documents = message;
        await this.#follow();
        break;
      case "traits":
        this.#traits = message.traits;
        this.#session?.applyTraits();
        break;
      case "interfaces":
        this.#interfaces = message.interfaces;
        this.#session?.applyInterfaces();
        this.#session?.applyDocuments();
        break;
      case "clock":
        if (message.offsetMs === this.#clockOffsetMs) break;
        this.#clockOffsetMs = message.offsetMs;
        this.#session?.applyClock();
        break;
      case "checked_in":
        this.#lastCheckInMs = message.atMs;
        await this.#session?.noteCheckIn(message.roster);
        break;
      case "entries":
        await this.#session?.receiveFromServer(message.entries);
        break;
      case "hints":
        this.#session?.applyHints(message.peers.map(({ address }) => address));
        break;
      case "identity":
        if (this.#start) this.#start = { ...this.#start, identity: message.identity };
        // Listener and connections all speak with the old certificate.
        await this.#close();
        await this.#follow();
        break;
      case "clean": {
        const { requestId } = message;
        const done = await this.#session?.clean() ?? NOTHING_CLEANED;
        this.#options.post({ kind: "cleaned", requestId, ...done });
        break;
      }
      case "examine": {
        const folder = this.#start?.folder ?? "";
        this.#options.post({
          kind: "examined",
          requestId: message.requestId,
          rights: heldRights(folder),
          hasher: await examineHasher(this.#hasher, folder),
        });
        break;
      }
      case "stop":
        await this.#shut();
        await this.#scope.stop();
        this.#hasher.stop();
        this.#options.post({ kind: "stopped" });
        break;
    }
  }

  #askPeer(requestId: number, question: PeerQuestion): void {
    this.#scope.run("question to a peer", async () => {
      const reply = await this.#session?.askPeer(question) ??
        { ok: false as const, reason: "the swarm does not run on this machine" };
      this.#options.post({ kind: "peer_answered", requestId, reply });
    });
  }

  #diagnose(requestId: number, peer: string | undefined): void {
    this.#scope.run("diagnosis", async () => {
      const diagnosis = await this.#session?.diagnose(peer) ?? null;
      this.#options.post({ kind: "diagnosed", requestId, diagnosis });
    });
  }

  /** Brings the session in line with the newest documents. */
  async #follow(): Promise<void> {
    const facts = this.#facts();
    if (!facts) return;
    if (!facts.envoy.swarm.enabled) {
      return await this.#shut();
    }
    if (this.#session && this.#session.port !== portOf(facts)) await this.#close();
    if (this.#session) return this.#session.applyDocuments();
    try {
      this.#session = await EngineSession.start({
        facts: () => this.#facts() ?? facts,
        instance: this.#instance,
        hasher: this.#hasher,
        post: this.#options.post,
        sign: (entry) => this.#requests.sign(entry),
        fetchContent: (...asked) => this.#requests.fetchContent(...asked),
        link: (links) => this.#requests.link(links),
        relay: (question) => this.#requests.relay(question),
        log: this.#log,
      });
    } catch (error) {
      if (error instanceof UnfitRuntimeError) throw error;
      const reason = error instanceof Error ? error.message : String(error);
      this.#log("error", "cannot start the swarm; trying again", { reason, restartMs: RESTART_MS });
      await this.#tellProblem(reason);
      this.#retry();
    }
  }

  /** The disk may be what is in the way, so the log has to do then. */
  async #tellProblem(reason: string): Promise<void> {
    try {
      await this.#writeShut(undefined, reason);
    } catch (error) {
      this.#log("error", "cannot write the state file", { reason: String(error) });
    }
  }

  #retry(): void {
    if (this.#retryScheduled) return;
    this.#retryScheduled = true;
    this.#scope.run("restart of the swarm", async (signal) => {
      await pause(RESTART_MS, signal);
      this.#retryScheduled = false;
      if (signal.aborted) return;
      this.#queue = this.#queue.then(() => this.#follow()).catch((error: unknown) =>
        this.#options.post({ kind: "fatal", reason: String(error) })
      );
    });
  }

  /** Ends the session, if there is one, and tells what was there at its end. */
  async #close(): Promise<SessionFacts | undefined> {
    const session = this.#session;
    this.#session = undefined;
    this.#requests.refuseAll("the swarm is stopping");
    await session?.stop();
    return session?.describe();
  }

  /** Ends the session and leaves a state file that says so, whether a gate was shut or the daemon ends the engine. */
  async #shut(): Promise<void> {
    await this.#writeShut(await this.#close());
  }

  /** @param problem why the session cannot start, if that is so. */
  async #writeShut(last: SessionFacts | undefined, problem?: string): Promise<void> {
    const facts = this.#facts();
    if (!facts) return;
    const { folder } = facts.start;
    const now = { ...facts, instance: this.#instance, nowMs: Date.now() };
    const state = shutState(now, { last, ...(problem === undefined ? {} : { problem }) });
    await Deno.mkdir(folder, { recursive: true });
    await writeFileDurable(new SwarmPaths(folder).state, JSON.stringify(state), { mode: 0o644 });
  }

  #facts(): EngineFacts | undefined {
    if (!this.#start || !this.#documents) return undefined;
    const { fleet, fleetSigned, envoy } = this.#documents;
    return {
      start: this.#start,
      fleet,
      fleetSigned,
      envoy,
      lastCheckInMs: this.#lastCheckInMs,
      traits: this.#traits,
      interfaces: this.#interfaces,
      clockOffsetMs: this.#clockOffsetMs,
    };
  }
}

import { writeFileDurable } from "../../../shared/platform/durable_write.ts";
import {
  type ManifestEntry,
  manifestEntryBytes,
  type UnsignedManifestEntry,
} from "../../../shared/swarm/manifest_entry.ts";
import type { EngineStart, FromEngine, SwarmLinks, ToEngine } from "../channel.ts";
import type { EngineLog } from "./engine_log.ts";
import { type EngineFacts, EngineSession, portOf } from "./engine_session.ts";
import { Hasher } from "../hashing/hasher.ts";
import type { SwarmState } from "../mirror.ts";
import { SwarmPaths } from "../swarm_paths.ts";
import { pause, TaskScope } from "./task_scope.ts";

/** Pause before a session that could not start, or failed, is tried again. */
const RESTART_MS = 10_000;
/** The daemon signs within this time or not at all. */
const SIGN_TIMEOUT_MS = 30_000;
/** Links are a convenience: nothing waits longer for them. */
const LINK_TIMEOUT_MS = 2_000;

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
  readonly #signatures = new Map<number, (answer: ManifestEntry | Error) => void>();
  readonly #linked = new Map<number, () => void>();
  readonly #hasher: Hasher;
  readonly #log: EngineLog;
  readonly #scope: TaskScope;
  #start: EngineStart | undefined;
  #documents: (Documents & { readonly receivedMs: number }) | undefined;
  #traits: unknown = {};
  #interfaces: EngineFacts["interfaces"] = [];
  #clockOffsetMs = 0;
  #session: EngineSession | undefined;
  #queue: Promise<void> = Promise.resolve();
  #nextRequestId = 1;
  #retryScheduled = false;

  constructor(options: EngineOptions) {
    this.#options = options;
    this.#log = (level, message, properties = {}) =>
      options.post({ kind: "log", level, message, properties });
    this.#scope = new TaskScope(this.#log);
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
    if (message.kind === "signed") return this.#settle(message.requestId, message.entry);
    if (message.kind === "unsigned") {
      return this.#settle(message.requestId, new Error(message.reason));
    }
    if (message.kind === "linked") return this.#linked.get(message.requestId)?.();
    this.#queue = this.#queue.then(() => this.#handle(message)).catch((error: unknown) =>
      this.#options.post({ kind: "fatal", reason: String(error) })
    );
  }

  /** The hashing worker is gone: what was asked of it fails and is tried again by whoever asked. */
  dropHasher(): void {
    this.#hasher.stop();
  }

  async #handle(
    message: Exclude<ToEngine, { kind: "signed" | "unsigned" | "linked" }>,
  ): Promise<void> {
    switch (message.kind) {
      case "start":
        this.#start = message;
        break;
      case "documents":
        this.#documents = { ...message, receivedMs: Date.now() };
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
        this.#clockOffsetMs = message.offsetMs;
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
        const { stalePartials, errors } = await this.#session?.clean() ??
          { stalePartials: 0, errors: 0 };
        const { requestId } = message;
        this.#options.post({ kind: "cleaned", requestId, stalePartials, errors });
        break;
      }
      case "stop":
        await this.#close();
        await this.#scope.stop();
        this.#hasher.stop();
        this.#options.post({ kind: "stopped" });
        break;
    }
  }

  /** Brings the session in line with the newest documents. */
  async #follow(): Promise<void> {
    const facts = this.#facts();
    if (!facts) return;
    if (!facts.envoy.swarm.enabled) {
      await this.#close();
      await this.#writeClosedState(facts);
      return;
    }
    if (this.#session && this.#session.port !== portOf(facts)) await this.#close();
    if (this.#session) return this.#session.applyDocuments();
    try {
      this.#session = await EngineSession.start({
        facts: () => this.#facts() ?? facts,
        instance: this.#instance,
        hasher: this.#hasher,
        post: this.#options.post,
        sign: (entry) => this.#sign(entry),
        link: (links) => this.#link(links),
        log: this.#log,
      });
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      if (reason.startsWith("Refusing to serve")) throw error;
      this.#log("error", "cannot start the swarm; trying again", { reason, restartMs: RESTART_MS });
      this.#retry();
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

  async #close(): Promise<void> {
    const session = this.#session;
    this.#session = undefined;
    for (const settle of [...this.#signatures.values()]) settle(new Error("the swarm is stopping"));
    await session?.stop();
  }

  #facts(): EngineFacts | undefined {
    if (!this.#start || !this.#documents) return undefined;
    const { fleet, fleetSigned, envoy, receivedMs } = this.#documents;
    return {
      start: this.#start,
      fleet,
      fleetSigned,
      envoy,
      documentsMs: receivedMs,
      traits: this.#traits,
      interfaces: this.#interfaces,
      clockOffsetMs: this.#clockOffsetMs,
    };
  }

  #sign(entry: UnsignedManifestEntry): Promise<ManifestEntry> {
    // Fails here, in the engine, if the entry cannot even be written as bytes.
    manifestEntryBytes(entry);
    const requestId = this.#nextRequestId++;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => this.#settle(requestId, new Error("the daemon did not sign in time")),
        SIGN_TIMEOUT_MS,
      );
      this.#signatures.set(requestId, (answer) => {
        clearTimeout(timer);
        this.#signatures.delete(requestId);
        if (answer instanceof Error) reject(answer);
        else resolve(answer);
      });
      this.#options.post({ kind: "sign", requestId, entry });
    });
  }

  /** Has the daemon's side make links, and waits until they stand or it does not answer. */
  async #link(links: SwarmLinks): Promise<void> {
    const requestId = this.#nextRequestId++;
    const linked = Promise.withResolvers<void>();
    const timer = setTimeout(linked.resolve, LINK_TIMEOUT_MS);
    this.#linked.set(requestId, linked.resolve);
    this.#options.post({ kind: "links", requestId, links });
    await linked.promise;
    clearTimeout(timer);
    this.#linked.delete(requestId);
  }

  #settle(requestId: number, answer: ManifestEntry | Error): void {
    this.#signatures.get(requestId)?.(answer);
  }

  /** The state file of an envoy whose gate is shut: it says so, and keeps what is on disk. */
  async #writeClosedState({ start, fleet, envoy, documentsMs }: EngineFacts): Promise<void> {
    const state: SwarmState = {
      schema: 1,
      envoyUuid: start.envoyUuid,
      hostname: envoy.hostname,
      instance: this.#instance,
      updatedMs: Date.now(),
      lastCheckinMs: documentsMs,
      gates: { enabled: false, seeder: envoy.swarm.seeder, subsystems: envoy.swarm.subsystems },
      fleetSerial: fleet.serial,
      envoySerial: envoy.serial,
      multicast: { state: "off", interfaces: [] },
      manifest: { digest: "", version: 0, active: 0, revoked: 0 },
      peerCount: 0,
      blobs: [],
      problems: [],
    };
    await Deno.mkdir(start.folder, { recursive: true });
    await writeFileDurable(new SwarmPaths(start.folder).state, JSON.stringify(state), {
      mode: 0o644,
    });
  }
}

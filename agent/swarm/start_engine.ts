import type { EngineStart, LinkOutcome, ToEngine } from "./channel.ts";
import type { EngineMessage } from "./from_engine_schema.ts";
import { hearEngine } from "./hear_engine.ts";
import { reconcileLinks } from "./swarm_links.ts";

/** Messages that the daemon handles; links and hashing are handled here. */
export type EngineEvent = Exclude<EngineMessage, { kind: "links" | "hasher" | "stopped" }>;

export interface EngineHandlers {
  readonly onEvent: (event: EngineEvent) => void;
  /** The worker died of an exception that nothing caught, or said what it never says. It has ended; start a new one after a pause. */
  readonly onCrash: (reason: string) => void;
}

/** A running engine, as the daemon holds it. */
export interface EngineHandle {
  send(message: Exclude<ToEngine, { kind: "start" | "stop" | "linked" }>): void;
  /** Ends orderly: what is in flight is made durable. Ends it hard after `timeoutMs`. */
  stop(timeoutMs?: number): Promise<void>;
  /** Ends it at once, as a crash would. */
  terminate(): void;
}

const STOP_TIMEOUT_MS = 4000;

/**
 * Starts the swarm engine in a worker that may use the network and its own folder and nothing else: no programs, no
 * environment, no foreign code, no native code. Hashing runs in a second worker that may only read that folder.
 *
 * @param startWorker starts the engine's worker; another one only to test what becomes of a broken engine.
 */
export function startEngine(
  start: EngineStart,
  handlers: EngineHandlers,
  startWorker = startEngineWorker,
): EngineHandle {
  Deno.mkdirSync(start.folder, { recursive: true });
  const engine = startWorker(start.folder);
  const stopped = Promise.withResolvers<void>();
  let hasher: Worker | undefined;
  let links: Promise<void> = Promise.resolve();
  let hasEnded = false;

  const endHasher = () => {
    hasher?.terminate();
    hasher = undefined;
  };
  const startHasher = () => {
    endHasher();
    const worker = new Worker(new URL("./hasher_worker.ts", import.meta.url), {
      type: "module",
      name: "swarm hasher",
      deno: { permissions: hasherWorkerPermissions(start.folder) },
    });
    hasher = worker;
    worker.addEventListener("error", (event) => {
      event.preventDefault();
      if (hasher === worker) endHasher();
      handlers.onEvent({
        kind: "log",
        level: "error",
        message: "the hashing worker died; what it was hashing is tried again",
        properties: { reason: event.message },
      });
      // Without a port this says that nothing asked of it will be answered.
      engine.postMessage({ kind: "hasher" });
    });
    const { port1, port2 } = new MessageChannel();
    worker.postMessage({}, [port1]);
    engine.postMessage({ kind: "hasher" }, [port2]);
  };
  const terminate = () => {
    hasEnded = true;
    endHasher();
    engine.terminate();
    stopped.resolve();
  };

  const crash = (reason: string) => {
    if (hasEnded) return;
    terminate();
    handlers.onCrash(reason);
  };
  const handle = (message: EngineMessage) => {
    switch (message.kind) {
      case "hasher":
        return message.wanted ? startHasher() : endHasher();
      case "links":
        links = links.then(() => reconcileLinks(start.folder, message.links)).then(
          (removed): LinkOutcome => ({ removed, errors: 0 }),
          (error: unknown): LinkOutcome => {
            handlers.onEvent({
              kind: "log",
              level: "warning",
              message: "cannot bring the links of the swarm in line",
              properties: { reason: String(error) },
            });
            return { removed: 0, errors: 1 };
          },
        ).then((outcome) => {
          engine.postMessage({ kind: "linked", requestId: message.requestId, outcome });
        });
        return;
      case "stopped":
        return stopped.resolve();
      default:
        return handlers.onEvent(message);
    }
  };

  engine.addEventListener("message", (event) => {
    // What was under way when the engine ended says nothing any more.
    if (hasEnded || !(event instanceof MessageEvent)) return;
    hearEngine(event.data, { onMessage: handle, onBroken: crash });
  });
  engine.addEventListener("messageerror", () => crash("the engine sent what cannot be read"));
  engine.addEventListener("error", (event) => {
    event.preventDefault();
    crash(event.message);
  });
  engine.postMessage(start);

  return {
    send: (message) => engine.postMessage(message),
    stop: async (timeoutMs = STOP_TIMEOUT_MS) => {
      engine.postMessage({ kind: "stop" });
      const timer = setTimeout(stopped.resolve, timeoutMs);
      await stopped.promise;
      clearTimeout(timer);
      await links;
      terminate();
    },
    terminate,
  };
}

function startEngineWorker(folder: string): Worker {
  return new Worker(new URL("./engine_worker.ts", import.meta.url), {
    type: "module",
    name: "swarm engine",
    deno: { permissions: engineWorkerPermissions(folder) },
  });
}

/** What the engine worker may do. `statfs` tells how much room is left; everything else is in the folder or the network. */
export function engineWorkerPermissions(folder: string): Deno.PermissionOptionsObject {
  return {
    net: true,
    read: [folder],
    write: [folder],
    sys: ["statfs"],
    env: false,
    run: false,
    ffi: false,
    import: false,
  };
}

/** What the hashing worker may do. */
export function hasherWorkerPermissions(folder: string): Deno.PermissionOptionsObject {
  return {
    net: false,
    read: [folder],
    write: false,
    sys: false,
    env: false,
    run: false,
    ffi: false,
    import: false,
  };
}

import type { FromHasher, ToHasher } from "./hasher_protocol.ts";

/** What a pass over a whole file found. */
export interface FileScan {
  readonly sizeBytes: number;
  readonly sha256: string;
  readonly digests: Uint8Array<ArrayBuffer>;
}

/** A SHA-256 that follows a growing file. */
export interface PrefixHash {
  /** Everything before `endBytes` is final and may be hashed. */
  advance(endBytes: number): void;
  /** The digest of everything, once it is all hashed. */
  finish(): Promise<string>;
  abandon(): void;
}

type Pending = {
  readonly resolve: (answer: FromHasher) => void;
  readonly reject: (error: Error) => void;
};

/** The worker is kept so long after its last job: starting one costs more than hashing a small file. */
const IDLE_MS = 5_000;

/** The engine's side of the hashing worker, which is started when there is something to hash and ended when idle. */
export class Hasher {
  readonly #start: () => Promise<MessagePort>;
  readonly #end: () => void;
  readonly #idleMs: number;
  readonly #pending = new Map<number, Pending>();
  readonly #open = new Set<number>();
  #port: Promise<MessagePort> | undefined;
  #idleTimer: ReturnType<typeof setTimeout> | undefined;
  #nextId = 1;

  /**
   * @param start Starts the worker and gives the port to it.
   * @param end Ends the worker.
   * @param idleMs How long it is kept without a job; 0 ends it at once.
   */
  constructor(start: () => Promise<MessagePort>, end: () => void, idleMs = IDLE_MS) {
    this.#start = start;
    this.#end = end;
    this.#idleMs = idleMs;
  }

  /**
   * Hashes a whole file in one pass.
   *
   * @throws {Error} if it cannot be read.
   */
  async scan(path: string, chunkSizeBytes: number): Promise<FileScan> {
    const id = this.#nextId++;
    const answer = await this.#ask(id, { kind: "scan", id, path, chunkSizeBytes });
    if (answer.kind !== "scanned") throw new Error(`Cannot hash ${path}: unexpected answer`);
    return { sizeBytes: answer.sizeBytes, sha256: answer.sha256, digests: answer.digests };
  }

  /** Which rights the worker has, as it sees them; see `heldRights`. */
  async rights(folder: string): Promise<readonly string[]> {
    const id = this.#nextId++;
    const answer = await this.#ask(id, { kind: "rights", id, folder });
    if (answer.kind !== "rights") throw new Error("Cannot ask for rights: unexpected answer");
    return answer.rights;
  }

  /** Begins a hash along a file that is being filled. */
  follow(path: string): PrefixHash {
    const id = this.#nextId++;
    this.#open.add(id);
    this.#send({ kind: "begin", id, path });
    return {
      advance: (endBytes) => this.#send({ kind: "advance", id, endBytes }),
      finish: async () => {
        const answer = await this.#ask(id, { kind: "finish", id });
        if (answer.kind !== "finished") throw new Error(`Cannot hash ${path}: unexpected answer`);
        return answer.sha256;
      },
      abandon: () => {
        this.#send({ kind: "forget", id });
        this.#close(id);
      },
    };
  }

  stop(): void {
    for (const { reject } of this.#pending.values()) reject(new Error("hashing was stopped"));
    this.#pending.clear();
    this.#open.clear();
    this.#release();
  }

  #ask(id: number, message: ToHasher): Promise<FromHasher> {
    this.#open.add(id);
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { resolve, reject });
      this.#send(message);
    });
  }

  #send(message: ToHasher): void {
    clearTimeout(this.#idleTimer);
    this.#port ??= this.#connect();
    this.#port.then((port) => port.postMessage(message)).catch((error: unknown) => {
      this.#settle({ kind: "failed", id: message.id, reason: String(error) });
    });
  }

  async #connect(): Promise<MessagePort> {
    const port = await this.#start();
    // The other end is `serveHasher`, which sends nothing but this type.
    port.onmessage = ({ data }: MessageEvent<FromHasher>) => this.#settle(data);
    return port;
  }

  #settle(answer: FromHasher): void {
    const pending = this.#pending.get(answer.id);
    this.#pending.delete(answer.id);
    if (answer.kind === "failed") pending?.reject(new Error(`Cannot hash: ${answer.reason}`));
    else pending?.resolve(answer);
    this.#close(answer.id);
  }

  #close(id: number): void {
    this.#open.delete(id);
    if (this.#open.size > 0) return;
    if (this.#idleMs === 0) return this.#release();
    clearTimeout(this.#idleTimer);
    this.#idleTimer = setTimeout(() => this.#release(), this.#idleMs);
  }

  #release(): void {
    clearTimeout(this.#idleTimer);
    if (!this.#port) return;
    const port = this.#port;
    this.#port = undefined;
    // Messages sent so far are answered or no longer wanted; a port that never opened needs no closing.
    port.then((open) => open.close(), () => {});
    this.#end();
  }
}

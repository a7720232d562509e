import tls from "node:tls";
import { type AnswerHead, ChunkAnswerReader } from "./chunk_answer_reader.ts";
import type { ChunkRoom } from "./chunk_room.ts";
import { asPeerError, PeerError } from "./peer_error.ts";
import { type PeerIdentity, readPeerIdentity } from "./peer_identity.ts";
import type { PeerEndpoint } from "./peer_registry.ts";

/** Bytes taken from a connection at once, into a buffer that it keeps: several TLS records, and little for many connections. */
const READ_BYTES = 64 * 1024;

interface Question {
  readonly reader: ChunkAnswerReader;
  readonly resolve: (head: AnswerHead) => void;
  readonly reject: (error: PeerError) => void;
  hasBegun: boolean;
}

/** One connection to a peer server, which asks for one chunk after the other. */
export class ChunkConnection {
  readonly peer: PeerIdentity;
  readonly #where: string;
  readonly #socket: tls.TLSSocket;
  #question: Question | undefined;
  #isOpen = true;
  #hasAnswered = false;

  private constructor(where: string, socket: tls.TLSSocket, peer: PeerIdentity) {
    this.#where = where;
    this.#socket = socket;
    this.peer = peer;
  }

  /**
   * Connects, and learns from the certificate who is there.
   *
   * @throws {PeerError} if nobody answers, it is nobody of this fleet, or the signal is raised first.
   */
  static open(
    { address, port }: PeerEndpoint,
    options: tls.ConnectionOptions,
    signal: AbortSignal,
  ): Promise<ChunkConnection> {
    const where = `${address}:${port}`;
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(cancelled(where));
      let connection: ChunkConnection | undefined;
      const buffer = new Uint8Array(READ_BYTES);
      const socket = tls.connect({
        ...options,
        ...readInto(buffer, (count) => {
          if (connection) connection.#take(buffer.subarray(0, count));
        }),
        host: address,
        port,
      });
      const cancel = () => {
        socket.destroy();
        reject(cancelled(where));
      };
      signal.addEventListener("abort", cancel, { once: true });
      const fail = (error: PeerError) => {
        signal.removeEventListener("abort", cancel);
        if (connection) connection.#end(error);
        reject(error);
      };
      socket.setNoDelay(true);
      socket.on("error", (error) => fail(asPeerError(where, error)));
      socket.once("close", () => fail(new PeerError(`Peer at ${where} ended the connection`)));
      socket.once("end", () => socket.destroy());
      socket.once("secureConnect", () => {
        signal.removeEventListener("abort", cancel);
        const raw = socket.getPeerCertificate()?.raw;
        const verdict = raw ? readPeerIdentity(raw, "server") : undefined;
        if (verdict?.ok) {
          connection = new ChunkConnection(where, socket, verdict.peer);
          return resolve(connection);
        }
        socket.destroy();
        reject(new PeerError(`Peer at ${where} does not show who it is`));
      });
    });
  }

  /** Whether another question may be asked. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  /**
   * Asks for `path` and waits for the whole answer, whose bytes are then in `into` if its status is 200.
   *
   * @returns Its head; `undefined` if the connection answered before and ended now before anything came, as one does that was
   * idle for too long.
   * @throws {PeerError} if it breaks later, is not such an answer, or the signal is raised; nothing is written to `into` any
   * more then.
   */
  async ask(
    path: string,
    headers: Readonly<Record<string, string>>,
    into: ChunkRoom,
    signal: AbortSignal,
  ): Promise<AnswerHead | undefined> {
    if (!this.#isOpen) return undefined;
    const { promise, resolve, reject } = Promise.withResolvers<AnswerHead>();
    const question = { reader: new ChunkAnswerReader(into), resolve, reject, hasBegun: false };
    const cancel = () => this.#end(cancelled(this.#where));
    if (signal.aborted) throw cancelled(this.#where);
    this.#question = question;
    signal.addEventListener("abort", cancel, { once: true });
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
    this.#socket.write(`GET ${path} HTTP/1.1\r\nhost: ${this.#where}\r\n${lines.join("")}\r\n`);
    try {
      return await promise;
    } catch (error) {
      if (signal.aborted || question.hasBegun || !this.#hasAnswered) throw error;
      return undefined;
    } finally {
      signal.removeEventListener("abort", cancel);
    }
  }

  close(): void {
    this.#end(cancelled(this.#where));
  }

  #take(part: Uint8Array): void {
    const question = this.#question;
    // Nobody asked for it: whatever it is, no answer is read from here any more.
    if (!question) return this.#end(new PeerError(`Peer at ${this.#where} spoke unasked`));
    question.hasBegun = true;
    const { reader } = question;
    try {
      if (!reader.take(part)) return;
    } catch (error) {
      return this.#end(
        asPeerError(this.#where, error instanceof Error ? error : new Error(`${error}`)),
      );
    }
    this.#question = undefined;
    this.#hasAnswered = true;
    if (!reader.isReusable) this.#end(new PeerError(`Peer at ${this.#where} is done`));
    if (reader.head) question.resolve(reader.head);
  }

  #end(error: PeerError): void {
    const question = this.#question;
    this.#question = undefined;
    this.#isOpen = false;
    this.#socket.destroy();
    question?.reject(error);
  }
}

/** Has the socket read into one buffer instead of a new one each time. */
function readInto(buffer: Uint8Array, take: (count: number) => void) {
  const onread = { buffer, callback: (count: number) => (take(count), true) };
  // `tls.connect` hands on what `net.connect` understands; the type of its options leaves this one out.
  return { onread } as Partial<tls.ConnectionOptions>;
}

function cancelled(where: string): PeerError {
  return new PeerError(`Request to ${where} was cancelled`);
}

import { Buffer } from "node:buffer";
import type { ChunkRoom } from "./chunk_room.ts";
import { PeerError } from "./peer_error.ts";

/** Longest head of an answer: two bitmaps of the most chunks that a blob may have, addresses, and some room. */
const MAX_HEAD_BYTES = 32 * 1024;
const HEAD_END = "\r\n\r\n";
const STATUS_LINE = /^HTTP\/1\.1 ([2-5]\d\d)(?: |$)/;
const HEADER_LINE = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([^\r\n\0]*?)[ \t]*$/;
const LENGTH = /^\d{1,15}$/;

/** What stands before the bytes of an answer. */
export interface AnswerHead {
  readonly status: number;
  /** By lower-case name; none stands twice. */
  readonly headers: ReadonlyMap<string, string>;
}

/**
 * Reads one HTTP/1.1 answer (RFC 9112) that is expected to be exactly the bytes of a chunk, and lays them where they belong.
 * Of any other status the head alone is read. Reading chunks this way, and not through `node:http`, saves a third of their
 * processor time and 200 MB of buffers that wait to be collected in every agent.
 */
export class ChunkAnswerReader {
  readonly #room: ChunkRoom;
  #head: AnswerHead | undefined;
  #pending = Buffer.alloc(0);
  #filled = 0;

  /** @param room Where the bytes go; opened when they are about to come. */
  constructor(room: ChunkRoom) {
    this.#room = room;
  }

  /** The head, once it is there. */
  get head(): AnswerHead | undefined {
    return this.#head;
  }

  /** Whether the answer is there: of status 200 with every byte, of another one without any. */
  get isComplete(): boolean {
    if (!this.#head) return false;
    return this.#head.status !== 200 || this.#filled === this.#room.sizeBytes;
  }

  /** Whether another question may follow on the same connection. */
  get isReusable(): boolean {
    if (!this.isComplete || !this.#head) return false;
    const { status, headers } = this.#head;
    const isAllRead = status === 200 || headers.get("content-length") === "0";
    return isAllRead && headers.get("connection")?.toLowerCase() !== "close";
  }

  /**
   * Takes what came next. The bytes are not kept.
   *
   * @returns Whether the answer is complete.
   * @throws {PeerError} if it is not such an answer. What is in the room then means nothing.
   */
  take(part: Uint8Array): boolean {
    const body = this.#head ? part : this.#takeHead(part);
    if (body === undefined) return false;
    if (this.#head?.status !== 200) return true;
    if (this.#filled + body.length > this.#room.sizeBytes) {
      throw new PeerError(`Peer sent more than the ${this.#room.sizeBytes} bytes of the chunk`);
    }
    this.#room.open().set(body, this.#filled);
    this.#filled += body.length;
    return this.isComplete;
  }

  /** @returns what came behind the head, once that is whole. */
  #takeHead(part: Uint8Array): Uint8Array | undefined {
    // A head comes in one piece nearly always; the search begins anew in the rare other case.
    const bytes = Buffer.concat([this.#pending, part]);
    const end = bytes.indexOf(HEAD_END);
    if (end > MAX_HEAD_BYTES || (end < 0 && bytes.length > MAX_HEAD_BYTES)) {
      throw new PeerError(`Peer sent a head of more than ${MAX_HEAD_BYTES} bytes`);
    }
    if (end < 0) {
      this.#pending = bytes;
      return undefined;
    }
    this.#pending = Buffer.alloc(0);
    this.#head = parseHead(bytes.toString("latin1", 0, end));
    if (this.#head.status === 200) this.#checkLength(this.#head);
    return bytes.subarray(end + HEAD_END.length);
  }

  #checkLength({ headers }: AnswerHead): void {
    const length = headers.get("content-length") ?? "";
    if (headers.has("transfer-encoding") || !LENGTH.test(length)) {
      throw new PeerError("Peer does not say how long its answer is");
    }
    if (Number(length) === this.#room.sizeBytes) return;
    throw new PeerError(`Peer announced ${length} bytes for a chunk of ${this.#room.sizeBytes}`);
  }
}

/** @throws {PeerError} */
function parseHead(text: string): AnswerHead {
  const [first = "", ...lines] = text.split("\r\n");
  const status = STATUS_LINE.exec(first)?.[1];
  if (status === undefined) throw new PeerError("Peer does not answer in HTTP/1.1");
  const headers = new Map<string, string>();
  for (const line of lines) {
    const [, name, value] = HEADER_LINE.exec(line) ?? [];
    if (name === undefined || value === undefined || headers.has(name.toLowerCase())) {
      throw new PeerError("Peer sent a header that cannot be read, or twice the same");
    }
    headers.set(name.toLowerCase(), value);
  }
  return { status: Number(status), headers };
}

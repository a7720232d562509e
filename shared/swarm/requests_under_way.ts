import { Bitmap } from "./bitmap.ts";
import type { ChunkRequest } from "./chunk_request.ts";

/** The requests of one download that have not ended, and which chunks they ask for. */
export class RequestsUnderWay {
  readonly #byId = new Map<number, ChunkRequest>();
  readonly #copies: Uint8Array;
  readonly #asked: Bitmap;

  /** @param count chunks of the blob. */
  constructor(count: number) {
    this.#copies = new Uint8Array(count);
    this.#asked = new Bitmap(count);
  }

  get size(): number {
    return this.#byId.size;
  }

  /** Chunks that somebody is asked for. */
  get asked(): Bitmap {
    return this.#asked;
  }

  /** In the order in which they were asked. */
  all(): Iterable<ChunkRequest> {
    return this.#byId.values();
  }

  get(id: number): ChunkRequest | undefined {
    return this.#byId.get(id);
  }

  ofPeer(peer: string): ChunkRequest[] {
    return [...this.#byId.values()].filter((request) => request.peer === peer);
  }

  ofChunk(chunk: number): ChunkRequest[] {
    return [...this.#byId.values()].filter((request) => request.chunk === chunk);
  }

  /** Of how many peers a chunk is asked. */
  copiesOf(chunk: number): number {
    return this.#copies[chunk] ?? 0;
  }

  isAsked(peer: string, chunk: number): boolean {
    for (const request of this.#byId.values()) {
      if (request.peer === peer && request.chunk === chunk) return true;
    }
    return false;
  }

  begin(request: ChunkRequest): void {
    const { id, chunk } = request;
    this.#byId.set(id, request);
    this.#copies[chunk] = this.copiesOf(chunk) + 1;
    this.#asked.set(chunk);
  }

  /** Says whether nobody is asked for its chunk any more. */
  end({ id, chunk }: ChunkRequest): boolean {
    if (!this.#byId.delete(id)) return false;
    this.#copies[chunk] = this.copiesOf(chunk) - 1;
    if (this.copiesOf(chunk) > 0) return false;
    this.#asked.clear(chunk);
    return true;
  }
}

import type { ManifestEntry } from "../../shared/swarm/manifest_entry.ts";
import { type ChunkContent, isChunk, type Machine, type Watch } from "./world.ts";

/** Something happened that must never happen. */
export class InvariantError extends Error {
  override readonly name = "InvariantError";
}

/** Watches a simulation. What breaks a promise is remembered where it happens and thrown after that event. */
export class Invariants implements Watch {
  readonly #deliveredBytes = new Map<Machine, number>();
  readonly #completions = new Map<string, number>();
  #broken: string | undefined;
  #totalBytes = 0;

  /** @throws {InvariantError} if the last event broke a promise. */
  check(): void {
    if (this.#broken !== undefined) throw new InvariantError(this.#broken);
  }

  stored(
    peer: Machine,
    { sha256 }: ManifestEntry,
    chunk: number,
    content: ChunkContent,
  ): void {
    if (isChunk(content, sha256, chunk)) return;
    this.#broken = `${peer.identity.hostname} stored unverified bytes as chunk ${chunk}`;
  }

  served(peer: Machine, sha256: string, isRevokedHere: boolean): void {
    if (isRevokedHere) {
      this.#broken = `${peer.identity.hostname} served ${sha256}, which is revoked`;
    }
  }

  delivered(from: Machine, sizeBytes: number): void {
    this.#totalBytes += sizeBytes;
    this.#deliveredBytes.set(from, (this.#deliveredBytes.get(from) ?? 0) + sizeBytes);
  }

  completed(peer: Machine, sha256: string): void {
    const key = `${peer.identity.uuid}/${sha256}`;
    this.#completions.set(key, (this.#completions.get(key) ?? 0) + 1);
    const blob = peer.disk.get(sha256);
    if (!blob?.written.isFull) {
      this.#broken = `${peer.identity.hostname} calls a blob complete that is not`;
    }
  }

  /** How many downloads came to their end. */
  get completions(): number {
    return this.#completions.size;
  }

  /** Share of all bytes of chunks that one peer sent, from 0 to 1. */
  shareOf(peer: Machine): number {
    return (this.#deliveredBytes.get(peer) ?? 0) / Math.max(1, this.#totalBytes);
  }

  get totalBytes(): number {
    return this.#totalBytes;
  }
}

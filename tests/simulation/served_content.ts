import { Bitmap } from "../../shared/swarm/bitmap.ts";
import { layoutOf } from "../../shared/swarm/chunk_layout.ts";
import { ConnectionLimits } from "../../agent/swarm/peers/connection_limits.ts";
import { GivenChunks } from "../../agent/swarm/peers/given_chunks.ts";
import type { Served } from "./fake_network.ts";
import type { Process } from "./process.ts";
import type { AskedChunk, BlobReply, ChunkReply } from "./world.ts";

/** Size on the wire of a question or an answer without content, in bytes. */
export const QUESTION_BYTES = 400;
/** What a peer over its limits asks others to wait, as the real one does. */
const BUSY_RETRY_MS = 1_000;

/** A place that is taken until an answer has left. */
interface Place {
  readonly untilMs: number;
  readonly leave: () => void;
}

/** What a peer gives to others, within the limits of the real one. */
export class ServedContent {
  readonly #process: Process;
  readonly #limits = new ConnectionLimits();
  readonly #given = new Map<string, GivenChunks>();
  /** Places taken, in the order in which answers leave: an uplink is a queue. */
  readonly #places: Place[] = [];

  constructor(process: Process) {
    this.#process = process;
  }

  /** What this peer says it holds of a blob; nobody may change it. */
  chunksOf(sha256: string): Bitmap | undefined {
    const { machine: { disk, behaviour }, manifest } = this.#process;
    if (!behaviour.lies) return disk.get(sha256)?.told;
    const entry = manifest.effective(sha256);
    return entry && Bitmap.full(layoutOf(entry).count);
  }

  /** A blob was revoked. */
  forget(sha256: string): void {
    this.#given.delete(sha256);
  }

  blob(sha256: string): Served<BlobReply> {
    const chunks = this.chunksOf(sha256);
    const isGone = !chunks || this.#process.manifest.isRevoked(sha256);
    return { answer: isGone ? "nothing" : { chunks }, sizeBytes: QUESTION_BYTES };
  }

  chunk({ sha256, chunk, chunkSizeBytes }: AskedChunk, caller: string): Served<ChunkReply> {
    const { machine, manifest, world, random, nowMs } = this.#process;
    const little = (answer: ChunkReply) => ({ answer, sizeBytes: QUESTION_BYTES });
    const isRevoked = manifest.isRevoked(sha256);
    const written = machine.disk.get(sha256)?.written;
    if (isRevoked || !written?.has(chunk)) return little({ kind: "not_held" });
    const given = this.#givenOf(sha256, written.length);
    const isSeed = manifest.effective(sha256)?.origin === machine.identity.hostname;
    if (isSeed && given.isOnItsWay(chunk, caller, nowMs())) {
      return little({ kind: "given_before", given: given.bits.copy() });
    }
    this.#freePlaces();
    const leave = this.#limits.enter(caller, "content");
    if (!leave) return little({ kind: "busy", retryAfterMs: BUSY_RETRY_MS });
    world.watch.served(machine, sha256, isRevoked);
    given.note(chunk, caller, nowMs());
    const { corruptShare } = machine.behaviour;
    const isRubbish = corruptShare > 0 && random() < corruptShare;
    return {
      answer: {
        kind: "bytes",
        content: isRubbish ? "rubbish" : { sha256, chunk },
        held: this.chunksOf(sha256),
        given: written.isFull ? given.bits.copy() : undefined,
      },
      sizeBytes: chunkSizeBytes + QUESTION_BYTES,
      contentBytes: chunkSizeBytes,
      willBeSent: (untilMs) => void this.#places.push({ untilMs, leave }),
    };
  }

  #freePlaces(): void {
    const nowMs = this.#process.nowMs();
    for (let [first] = this.#places; first && first.untilMs <= nowMs; [first] = this.#places) {
      first.leave();
      this.#places.shift();
    }
  }

  #givenOf(sha256: string, count: number): GivenChunks {
    const known = this.#given.get(sha256) ?? new GivenChunks(count);
    this.#given.set(sha256, known);
    return known;
  }
}

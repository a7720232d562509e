import { Bitmap } from "../../../shared/swarm/bitmap.ts";
import { chunkSpan } from "../../../shared/swarm/chunk_layout.ts";
import type { PartialBlob } from "../blobs/partial_blob.ts";
import { PeerError } from "../peers/peer_error.ts";
import { ChunkRoom } from "../peers/chunk_room.ts";
import type { DownloadOptions } from "./download_options.ts";
import type { DownloadPlan, PlannedRequest } from "./download_plan.ts";
import { type DownloadResult, judgeWriteError } from "./download_result.ts";
import { fetchChunk } from "./fetch_chunk.ts";
import { fetchFromServer } from "./fetch_from_server.ts";
import { WRONG_BYTES } from "./find_digests.ts";
import type { Question } from "./holder_poll.ts";
import type { ChunkRun, LastResort } from "./last_resort.ts";
import { tellSender } from "./tell_sender.ts";

export interface ChunkTrafficOptions extends DownloadOptions {
  readonly plan: DownloadPlan;
  readonly partial: PartialBlob;
  readonly lastResort: LastResort;
  /** A verified chunk has been written. @param source hostname of the peer that gave it, or `server`. */
  readonly onStored: (chunk: number, source: string, elapsedMs: number) => Promise<void>;
  /** Something has happened: {@linkcode ChunkTraffic.step} may have more to do. */
  readonly onNews: () => void;
}

/** Does what the plan of a download says: asks, verifies what comes, writes it, and tells the plan what became of it. */
export class ChunkTraffic {
  readonly #options: ChunkTrafficOptions;
  readonly #requests = new Map<number, AbortController>();
  readonly #tasks = new Set<Promise<void>>();
  /** Complaints about wrong bytes: what is left to do when the last chunk is there. */
  readonly #complaints = new Set<Promise<void>>();
  readonly #leaveMemory: () => void;
  readonly #ended = new AbortController();
  readonly #signal: AbortSignal;
  #failure: DownloadResult | undefined;

  /** @param signal Raised when the download is called off. */
  constructor(options: ChunkTrafficOptions, signal: AbortSignal) {
    this.#options = options;
    this.#signal = signal;
    this.#leaveMemory = options.memory.enter();
    signal.addEventListener("abort", this.#end);
  }

  /** What ended the attempt that the plan knows nothing of, such as a full disk. */
  get failure(): DownloadResult | undefined {
    return this.#failure;
  }

  /** Begins what is to be done now. */
  step(nowMs: number): void {
    const { plan, candidates, lastResort } = this.#options;
    const { requests, cancel, questions } = plan.step(candidates, nowMs);
    for (const id of cancel) this.#requests.get(id)?.abort();
    for (const request of requests) this.#track(this.#fetch(request));
    for (const question of questions) this.#track(this.#ask(question));
    const unheld = lastResort.mayAsk(nowMs) ? plan.findUnheld() : undefined;
    if (unheld !== undefined) this.#track(this.#fetchFromServer(unheld));
  }

  /** Calls off all requests and waits until nothing writes any more. Complaints go on. */
  async end(): Promise<void> {
    this.#end();
    await Promise.all(this.#tasks);
    this.#leaveMemory();
  }

  /** Waits until those who sent wrong bytes have been told, or the download is called off. */
  async settleComplaints(): Promise<void> {
    await Promise.all(this.#complaints);
  }

  readonly #end = (): void => {
    this.#signal.removeEventListener("abort", this.#end);
    this.#ended.abort();
    for (const request of this.#requests.values()) request.abort();
  };

  async #fetch(request: PlannedRequest): Promise<void> {
    const { client, takeBandwidth, plan, partial, lastResort, entry, memory, onNews } =
      this.#options;
    const cancelled = new AbortController();
    if (this.#ended.signal.aborted) cancelled.abort();
    this.#requests.set(request.id, cancelled);
    const into = new ChunkRoom(memory, chunkSpan(partial.layout, request.chunk).length);
    try {
      const { outcome, answer, given: bits } = await fetchChunk({
        client,
        endpoint: request.endpoint,
        sha256: entry.sha256,
        request,
        held: partial.chunks,
        into,
        verify: (bytes) => partial.verify(request.chunk, bytes),
        takeBandwidth,
        cancelled,
      });
      if (answer?.held) this.noteHeld(request.peer, answer.held);
      const given = bits && Bitmap.fromBytes(partial.layout.count, bits);
      if (given) plan.noteGiven(request.peer, given);
      const isNews = plan.finish(request.id, outcome, performance.now());
      if (outcome.kind === "corrupt") this.#noteCorrupt(request);
      if (isNews && answer && outcome.kind === "verified") {
        lastResort.notePeer(performance.now());
        await this.#store(request.chunk, into.open(), answer.peer.hostname, outcome.elapsedMs);
      }
    } finally {
      this.#requests.delete(request.id);
      into.close();
      onNews();
    }
  }

  /** What no peer holds is asked of the server; its bytes are believed as little as anybody's. */
  async #fetchFromServer(run: ChunkRun): Promise<void> {
    const { server, takeBandwidth, log, plan, partial, lastResort, entry } = this.#options;
    const { sha256 } = entry;
    const { signal } = this.#ended;
    lastResort.noteAsked();
    const fetched = await fetchFromServer({
      server,
      sha256,
      run,
      layout: partial.layout,
      verify: (chunk, bytes) => partial.verify(chunk, bytes),
      takeBandwidth,
      signal,
    });
    if (!fetched) return;
    const { answer, pieces, startedMs } = fetched;
    const wrong = pieces.filter(({ isRight }) => !isRight).map(({ chunk }) => chunk);
    lastResort.noteAnswer(wrong.length > 0 ? WRONG_BYTES : answer, performance.now());
    if (wrong.length > 0) log("warning", "the server sent wrong bytes", { sha256, chunks: wrong });
    if (signal.aborted) return;
    const nowMs = performance.now();
    // All of them before the first is written: what is not news yet would be asked for again meanwhile.
    const news = pieces.filter(({ chunk, isRight }) =>
      isRight && plan.noteFromServer(chunk, nowMs)
    );
    for (const { chunk, bytes } of news) {
      await this.#store(chunk, bytes, "server", nowMs - startedMs);
    }
  }

  async #store(
    chunk: number,
    bytes: Uint8Array,
    source: string,
    elapsedMs: number,
  ): Promise<void> {
    const { plan, partial, checkDisk, onStored, onNews } = this.#options;
    // Others are asked meanwhile; a full disk ends the attempt.
    onNews();
    try {
      await partial.write(chunk, bytes);
    } catch (error) {
      plan.noteUnwritten(chunk);
      this.#failure = judgeWriteError(error) ??
        { kind: "skipped", reason: `cannot write: ${error}` };
      return;
    }
    const isCheckDue = plan.noteStored(source);
    await onStored(chunk, source, elapsedMs);
    if (!isCheckDue) return;
    const verdict = await checkDisk();
    if (!verdict.ok) this.#failure = { kind: "skipped", reason: verdict.reason };
  }

  #noteCorrupt({ peer, chunk, endpoint }: PlannedRequest): void {
    const { log, onCorruption, plan, entry: { sha256 } } = this.#options;
    onCorruption(peer);
    // What it alone holds is held by nobody now: the server may be asked for it.
    plan.noteNothing(peer);
    log("warning", "a peer sent wrong bytes and is left alone for ten minutes", {
      peer: plan.hostname(peer),
      sha256,
      chunk,
    });
    // It is told also when this was one of the last chunks, and the download is over before.
    const complaint = tellSender({ endpoint, sha256, chunk }, this.#options, this.#signal);
    this.#follow(complaint, this.#complaints);
  }

  /** A peer told which chunks it holds. */
  noteHeld(uuid: string, bits: Uint8Array): void {
    const { plan, partial } = this.#options;
    const chunks = Bitmap.fromBytes(partial.layout.count, bits);
    if (chunks) plan.noteHeld(uuid, chunks, performance.now());
  }

  async #ask({ uuid, endpoint }: Question): Promise<void> {
    const { client, plan, entry, onPeerFailure } = this.#options;
    const { signal } = this.#ended;
    try {
      const { blob } = await client.getBlob(endpoint, entry.sha256, false, signal);
      this.noteHeld(uuid, blob.chunks);
    } catch (error) {
      if (!(error instanceof PeerError)) throw error;
      plan.noteNothing(uuid);
      if (error.status === undefined && !signal.aborted) onPeerFailure(uuid);
    } finally {
      plan.noteAnswered(uuid);
    }
  }

  #track(task: Promise<void>): void {
    this.#follow(task, this.#tasks);
  }

  #follow(task: Promise<void>, among: Set<Promise<void>>): void {
    const followed: Promise<void> = task.catch((error: unknown) => {
      this.#failure = { kind: "no_progress", reason: String(error) };
    }).finally(() => {
      among.delete(followed);
      this.#options.onNews();
    });
    among.add(followed);
  }
}

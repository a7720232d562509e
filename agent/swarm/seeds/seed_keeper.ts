import { isSha256 } from "../../../shared/crypto/sha256.ts";
import { eachOf } from "../../../shared/platform/each_of.ts";
import type { TargetDecision } from "../../../shared/swarm/target_decision.ts";
import type { BlobStore } from "../blobs/blob_store.ts";
import type { Hasher } from "../hashing/hasher.ts";
import { bury } from "./graveyard.ts";
import { isRevokedSince, judgeSeed, registeredStamp } from "./judge_seed.ts";
import { type FoundSeed, scanSeedFolder, type SeedScan, SWARM_SUFFIX } from "./seed_folder.ts";
import { type KnownSeed, SeedPublisher, type SeedPublisherOptions } from "./seed_publisher.ts";
import { isUnchanged, recogniseSeed } from "./recognise_seed.ts";
import { sameFile, type SeedRecord, type SeedsFile } from "./seed_record.ts";
import { readSeedsFile, writeSeedsFile } from "./seeds_file.ts";
import { SeedRecords } from "./seed_records.ts";
import type { SwarmPaths } from "../swarm_paths.ts";

export interface SeedProblem {
  readonly label: string;
  readonly reason: string;
}

export interface SeedKeeperOptions extends SeedPublisherOptions {
  readonly paths: SwarmPaths;
  readonly store: BlobStore;
  readonly hasher: Hasher;
  readonly targets: TargetDecision;
  /** ed25519 public key of the server, hex. */
  readonly serverKey: string;
  /** Why the envoy document does not let this envoy originate seeds; `undefined` if it does. */
  readonly refusal: () => string | undefined;
}

/** What a problem of the whole folder is told of; no file can be called so. */
const SEED_FOLDER = "seed/";

/** Seeds hashed, and made durable, at once: small ones wait for the disk more than for the processor. */
const SEEDS_AT_ONCE = 16;

/** What a scan left to do. */
export interface ScanResult {
  /** A file is new or still changing: scan again soon. */
  readonly unsettled: boolean;
}

/** Follows `seed/`: hashes what settles there, registers it, and revokes what is gone for good. */
export class SeedKeeper {
  readonly #options: SeedKeeperOptions;
  readonly #publisher: SeedPublisher;
  #records = new SeedRecords();
  #folder: SeedsFile["folder"] | undefined;
  #previous: SeedScan | undefined;
  #problems: readonly SeedProblem[] = [];
  #turn: Promise<void> = Promise.resolve();

  private constructor(options: SeedKeeperOptions) {
    this.#options = options;
    this.#publisher = new SeedPublisher(options);
  }

  static async open(options: SeedKeeperOptions): Promise<SeedKeeper> {
    const keeper = new SeedKeeper(options);
    const file = await readSeedsFile(options.paths, options.log);
    if (file) {
      keeper.#records = new SeedRecords(Object.entries(file.seeds));
      keeper.#folder = file.folder;
    }
    return keeper;
  }

  /** Seeds that may not or cannot be originated, with the reason. */
  get problems(): readonly SeedProblem[] {
    return this.#problems;
  }

  /** Digests of the blobs that lie in `seed/`, with their file names. */
  get seeds(): ReadonlyMap<string, string> {
    return new Map([...this.#records.byContent].flatMap(([sha256, names]) => {
      const name = names.at(-1);
      return name === undefined ? [] : [[sha256, name]];
    }));
  }

  /** How many blobs lie in `seed/`. */
  get size(): number {
    return this.#records.byContent.size;
  }

  /** Whether a blob lies in `seed/`. */
  has(sha256: string): boolean {
    return this.#records.byContent.has(sha256);
  }

  /** The path of a seed's content, if it is still the file that was hashed. */
  async servablePath(sha256: string): Promise<string | undefined> {
    for (const [name, record] of this.#records.holding(sha256)) {
      const path = this.#options.paths.seedFile(name);
      if (await isUnchanged(path, record)) return path;
    }
    return undefined;
  }

  /** Looks once. Call it again after a pause; files count only when two looks in a row agree. */
  async scan(signal: AbortSignal): Promise<ScanResult> {
    const scan = await this.#look();
    if (!scan) return { unsettled: false };
    const previous = this.#previous;
    this.#previous = scan;
    // A seed is placed in two steps, so what is wrong counts only if it stays so.
    const found = scan.problems.filter(({ label }) => !this.#isFormerName(label, scan));
    const problems: SeedProblem[] = found.filter(({ label, reason }) =>
      previous?.problems.some((known) => known.label === label && known.reason === reason)
    );
    let unsettled = problems.length < found.length;
    const before = JSON.stringify([...this.#records]);
    const formerly = new Map(previous?.seeds.map((seed) => [seed.name, seed]));
    // A file known from the last run needs no second look.
    const settled = scan.seeds.filter(({ name, identity }) =>
      [formerly.get(name), this.#records.get(name)].some((known) =>
        known !== undefined && sameFile(known.identity, identity)
      )
    );
    unsettled ||= settled.length < scan.seeds.length;
    await eachOf(settled, SEEDS_AT_ONCE, async (seed) => {
      const reason = signal.aborted ? undefined : await this.#tryToKeep(seed);
      if (reason !== undefined) problems.push({ label: seed.name, reason });
    });
    if (signal.aborted) return { unsettled: false };
    if (this.#options.book.quietReason === undefined) await this.#revokeRemoved(scan, previous);
    this.#problems = problems;
    this.#folder = scan.folder;
    if (JSON.stringify([...this.#records]) !== before) await this.#save(scan.folder);
    return { unsettled };
  }

  /** Lists the folder, or says once why it cannot: nothing may be concluded from that. */
  async #look(): Promise<SeedScan | undefined> {
    try {
      return await scanSeedFolder(this.#options.paths);
    } catch (error) {
      const reason = `cannot be read: ${error instanceof Error ? error.message : String(error)}`;
      const isKnown = this.#problems.some((known) =>
        known.label === SEED_FOLDER && known.reason === reason
      );
      if (!isKnown) this.#options.log("error", "the seed folder cannot be read", { reason });
      this.#problems = [{ label: SEED_FOLDER, reason }];
      return undefined;
    }
  }

  /** A blob was revoked: seeds that were registered before that, and that the revocation concerns, go to the graveyard. */
  async noteRevoked(sha256: string): Promise<void> {
    const { author, serverKey, book: { manifest } } = this.#options;
    if (manifest.effective(sha256)?.state === "active") return;
    for (const [name, record] of this.#records.holding(sha256)) {
      const registered = registeredStamp(record, author);
      if (registered === undefined) continue;
      const isConcerned = isRevokedSince({ record, manifest, author, serverKey }, registered);
      if (isConcerned) await this.#bury(name, record);
    }
  }

  /** The server does not know the blob any more: seeds of it that were registered go to the graveyard. */
  async noteDropped(sha256: string): Promise<void> {
    const { author } = this.#options;
    for (const [name, record] of this.#records.holding(sha256)) {
      if (registeredStamp(record, author) !== undefined) await this.#bury(name, record);
    }
  }

  /** The entry of a blob does not stand, and nobody revoked it: its seeds count as new. */
  forgetStamp(sha256: string): void {
    for (
      const [name, { stamp: _stamp, author: _author, ...record }] of this.#records.holding(sha256)
    ) {
      this.#records.set(name, record);
    }
  }

  async #bury(name: string, record: SeedRecord): Promise<void> {
    const { paths, log } = this.#options;
    const { sha256 } = record;
    this.#records.delete(name);
    if (isSha256(sha256) && await isUnchanged(paths.seedFile(name), record)) {
      await bury(paths, name, sha256);
      log("info", "moved a revoked seed to the graveyard", { label: name, sha256 });
    }
    if (this.#folder) await this.#save(this.#folder);
  }

  /** One seed that cannot be kept does not stand in the way of the others. */
  async #tryToKeep(seed: FoundSeed): Promise<string | undefined> {
    try {
      return await this.#keep(seed);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.#options.log("warning", "cannot keep a seed; trying again", {
        label: seed.name,
        reason,
      });
      return reason;
    }
  }

  /** Brings the manifest in line with one settled file; says what stands in the way. */
  async #keep(seed: FoundSeed): Promise<string | undefined> {
    const { book, targets, refusal, paths, store, hasher } = this.#options;
    const refused = refusal();
    if (refused !== undefined) return refused;
    if (!targets.isReadable(seed.target)) {
      return `target ${JSON.stringify(seed.target)} cannot be read`;
    }
    if (book.quietReason !== undefined) {
      return `waits for the server's manifest: ${book.quietReason}`;
    }
    const former = this.#records.get(seed.name);
    const note = (record: SeedRecord) => this.#records.set(seed.name, record);
    const hashing = recogniseSeed(seed, former, { paths, store, hasher, note });
    // Awaited below; until its turn comes nobody hears of a failure.
    hashing.catch(() => {});
    // What is judged depends on what was said of the files before it. Being written is waited for by all together.
    const { reason, said } = await this.#inTurn(async () => {
      const record = await hashing;
      if (!record) return {};
      if (former && former.sha256 !== record.sha256) await this.#revoke(former.sha256);
      return await this.#judge(seed, record);
    });
    await said;
    return reason;
  }

  /** Decides what becomes of a seed whose content is known; `said` settles when what is said of it is durable. */
  async #judge(
    seed: FoundSeed,
    record: KnownSeed,
  ): Promise<{ readonly reason?: string | undefined; readonly said?: Promise<unknown> }> {
    const { book, author, serverKey, hostname, now } = this.#options;
    const nowMs = now();
    const verdict = judgeSeed({
      seed: { ...seed, placedMs: seed.placedMs + nowMs - Date.now() },
      record,
      manifest: book.manifest,
      author,
      serverKey,
      hostname,
      isHeldAs: (name) =>
        this.#records.get(name)?.sha256 === record.sha256 && this.#mayStillSeed(name),
      knowsServer: book.rosterCursor === "",
      nowMs,
    });
    switch (verdict.kind) {
      case "bury":
        await this.#bury(seed.name, record);
        return {};
      case "idle":
        this.#noteStamp(seed.name, record, verdict.stamp);
        return { reason: verdict.reason };
      case "current":
        this.#noteStamp(seed.name, record, verdict.stamp);
        return {};
      case "publish": {
        await this.#revokeFormer(seed.name, record.sha256);
        const { entry, said } = await this.#publisher.register(seed, record, verdict.createdMs);
        this.#noteStamp(seed.name, record, entry.stamp);
        return { said };
      }
    }
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#turn.then(work);
    this.#turn = done.then(() => {}, () => {
      // Whoever asked for the work gets the error; those behind go on.
    });
    return done;
  }

  /** Whether a file has its `.swarm`, or is missing without its removal being certain. */
  #mayStillSeed(name: string): boolean {
    const scan = this.#previous;
    return scan !== undefined &&
      (scan.seeds.some((seed) => seed.name === name) || !scan.names.has(name));
  }

  /** Whether a plain file is the former name of a seed: a cast under another name leaves it so. */
  #isFormerName(name: string, { seeds, names }: SeedScan): boolean {
    const sha256 = this.#records.get(name)?.sha256;
    return sha256 !== undefined && !names.has(name + SWARM_SUFFIX) &&
      this.#records.holding(sha256).some(([other]) => seeds.some((seed) => seed.name === other));
  }

  #noteStamp(name: string, record: SeedRecord, stamp: number | undefined): void {
    if (stamp === undefined || record.stamp === stamp) return;
    this.#records.set(name, { ...record, stamp, author: this.#options.author });
  }

  /** A label names one blob of an origin: whatever this envoy called so before is revoked. */
  async #revokeFormer(label: string, sha256: string): Promise<void> {
    const { book, author } = this.#options;
    const former = book.manifest.all().filter((entry) =>
      entry.label === label && entry.author === author && entry.state === "active" &&
      entry.sha256 !== sha256
    );
    for (const entry of former) {
      if (book.manifest.effective(entry.sha256)?.author === author) {
        await this.#revoke(entry.sha256);
      }
    }
  }

  async #revokeRemoved(scan: SeedScan, previous: SeedScan | undefined): Promise<void> {
    const isSameFolder = ({ device, inode }: SeedScan["folder"]) =>
      device === scan.folder.device && inode === scan.folder.inode;
    if (!previous || !isSameFolder(previous.folder)) return;
    if (this.#folder && !isSameFolder(this.#folder)) return;
    for (const [name, { sha256 }] of [...this.#records]) {
      // A lost `.swarm` is a mistake to report, not a removal; the file itself decides.
      if (scan.names.has(name) || previous.names.has(name)) continue;
      this.#records.delete(name);
      this.#options.log("info", "revoked a seed that was removed", { label: name, sha256 });
      await this.#revoke(sha256);
    }
  }

  /** Revokes this envoy's word for a blob, unless another file of `seed/` has the same content. */
  async #revoke(sha256: string): Promise<void> {
    if (this.#records.holding(sha256).length === 0) await this.#publisher.revoke(sha256);
  }

  async #save(folder: SeedsFile["folder"]): Promise<void> {
    const seeds = Object.fromEntries(this.#records);
    await writeSeedsFile(this.#options.paths, { schema: 1, folder, seeds });
  }
}

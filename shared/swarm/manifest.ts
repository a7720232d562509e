import { createHash } from "node:crypto";
import type { Sha256 } from "../crypto/sha256.ts";
import { isFromTheFuture, nextStamp } from "./hybrid_clock.ts";
import type { ManifestEntry } from "./manifest_entry.ts";
import { compareAuthors, compareCells, compareForKeeping, compareText } from "./manifest_order.ts";
import type { ManifestTrust } from "./manifest_trust.ts";

/** Most cells of allowed authors. */
export const MAX_MANIFEST_ENTRIES = 20_000;
/** Most cells kept of one author who is not, or not yet, allowed. */
export const MAX_HELD_PER_AUTHOR = 100;
/** Most cells kept of all such authors. */
export const MAX_HELD_ENTRIES = 2_000;
/** A revocation is remembered this long; an active cell that is older and not known yet counts only from the server. */
export const REVOKED_HORIZON_MS = 7 * 86_400_000;
/** Verified revocations from the future that are honoured although they are not merged. */
const MAX_EARLY_REVOCATIONS = 1000;

/** Where cells that are merged come from. */
export interface MergeContext {
  /** Time in ms, corrected to the server's clock. */
  readonly nowMs: number;
  /** Whether the server itself handed them over; it alone may bring back what is older than the horizon. */
  readonly fromServer: boolean;
}

interface Cell {
  readonly entry: ManifestEntry;
  /** The merge counter at which this cell last became news for peers. */
  readonly sequence: number;
  readonly allowed: boolean;
}

/**
 * Which blobs are active or revoked, as far as this envoy knows: a map from (blob, author) to the newest cell.
 *
 * Merging is commutative, associative and idempotent, bounds included: past a limit the highest (stamp, blob, author)
 * stay, whatever the order of arrival. Cells must have been verified; see `EntryVerifier`.
 */
export class Manifest {
  readonly #cells = new Map<string, Map<string, Cell>>();
  /** What was found to be effective, until a cell of the blob or the trust changes. */
  readonly #effective = new Map<string, ManifestEntry>();
  /** Revocations from the future by blob and author. */
  readonly #early = new Map<string, ManifestEntry>();
  #trust: ManifestTrust;
  #sequence = 0;
  #highestStamp = 0;
  #allowedCount = 0;
  #digest: Sha256 | undefined;

  constructor(trust: ManifestTrust) {
    this.#trust = trust;
  }

  /** Counts merged news; a peer that names it is told only what came after. */
  get sequence(): number {
    return this.#sequence;
  }

  /** How many cells of allowed authors there are. */
  get size(): number {
    return this.#allowedCount;
  }

  /** Merges verified cells. Returns those that changed what this manifest says, held ones left out. */
  merge(entries: readonly ManifestEntry[], { nowMs, fromServer }: MergeContext): ManifestEntry[] {
    const changed: ManifestEntry[] = [];
    let held = false;
    for (const entry of entries) {
      if (isFromTheFuture(entry.stamp, nowMs)) {
        this.#noteEarly(entry);
        continue;
      }
      const known = this.#cells.get(entry.sha256)?.get(entry.author);
      if (known && compareCells(entry, known.entry) <= 0) continue;
      // Whatever else is known of the blob: otherwise the order of arrival, or a stranger's cell, would decide.
      if (isPastHorizon(entry, nowMs) && !fromServer) continue;
      if (this.#put(entry)) changed.push(entry);
      else held = true;
    }
    if (held) this.#boundHeld();
    if (this.#allowedCount > MAX_MANIFEST_ENTRIES) this.#boundAllowed();
    return changed.filter((entry) =>
      this.#cells.get(entry.sha256)?.get(entry.author)?.entry === entry
    );
  }

  /** Judges every cell again by a new fleet document. Newly allowed ones become news; returns them. */
  setTrust(trust: ManifestTrust): ManifestEntry[] {
    this.#trust = trust;
    this.#effective.clear();
    const changed: ManifestEntry[] = [];
    for (const { entry, allowed } of [...this.#allCells()]) {
      if (trust.allows(entry) === allowed) continue;
      this.#put(entry);
      changed.push(entry);
    }
    this.#boundHeld();
    if (this.#allowedCount > MAX_MANIFEST_ENTRIES) this.#boundAllowed();
    return changed;
  }

  /**
   * Brings a manifest that may have missed revocations in line with the whole of the server's: active cells older than the
   * horizon that are not, word for word, in the server's are dropped, since their revocation may be forgotten by now. What
   * is younger stays: its revocation, if there was one, is among `roster`.
   *
   * @param roster Every cell of the server's manifest, verified.
   * @returns What the server's cells changed here, and what was dropped and is not said any more.
   */
  rebase(
    roster: readonly ManifestEntry[],
    nowMs: number,
  ): { readonly changed: ManifestEntry[]; readonly dropped: ManifestEntry[] } {
    const vouched = new Map(roster.map((entry) => [cellKey(entry), entry]));
    const doubtful = this.all().filter((entry) => {
      const told = vouched.get(cellKey(entry));
      return isPastHorizon(entry, nowMs) && !(told && compareCells(told, entry) === 0);
    });
    for (const entry of doubtful) this.#drop(entry);
    const changed = this.merge(roster, { nowMs, fromServer: true });
    const dropped = doubtful.filter(({ sha256, author }) => !this.#cells.get(sha256)?.has(author));
    return { changed, dropped };
  }

  /** Drops cells from the future, as a clock that ran ahead may have merged them. Returns them. */
  dropFuture(nowMs: number): ManifestEntry[] {
    const dropped = this.all().filter(({ stamp }) => isFromTheFuture(stamp, nowMs));
    if (dropped.length === 0) return dropped;
    for (const entry of dropped) this.#drop(entry);
    this.#highestStamp = 0;
    for (const { entry, allowed } of this.#allCells()) {
      if (allowed) this.#highestStamp = Math.max(this.#highestStamp, entry.stamp);
    }
    return dropped;
  }

  /** What the fleet says about a blob; `undefined` if nobody who counts has said anything. */
  effective(sha256: string): ManifestEntry | undefined {
    const known = this.#effective.get(sha256);
    if (known) return known;
    const effective = this.#judge(sha256);
    if (effective) this.#effective.set(sha256, effective);
    return effective;
  }

  /**
   * Whether a blob may be fetched and served: it is active, and no verified revocation, not even one from the future,
   * speaks against it.
   */
  isLive(sha256: string): boolean {
    const entry = this.effective(sha256);
    if (entry?.state !== "active") return false;
    return [this.#trust.serverKey, entry.author].every((author) => {
      const early = this.#early.get(cellKey({ sha256, author }));
      return !early || !this.#trust.allows(early) || early.stamp < entry.stamp;
    });
  }

  /** Whether anybody who counts has revoked the blob and nobody's active word stands. */
  isRevoked(sha256: string): boolean {
    const entry = this.effective(sha256);
    return entry !== undefined && !this.isLive(sha256);
  }

  /** The effective entry of every blob. */
  *blobs(): Generator<ManifestEntry> {
    for (const sha256 of this.#cells.keys()) {
      const entry = this.effective(sha256);
      if (entry) yield entry;
    }
  }

  /** Whether the author of a cell may say what it says, as far as is known here. */
  allows(entry: ManifestEntry): boolean {
    return this.#trust.allows(entry);
  }

  /** This author's cell for a blob. */
  cell(sha256: string, author: string): ManifestEntry | undefined {
    return this.#cells.get(sha256)?.get(author)?.entry;
  }

  /** Cells of allowed authors that became news after `sequence`, oldest first, at most `limit`. */
  since(
    sequence: number,
    limit: number,
  ): { readonly entries: ManifestEntry[]; readonly next: number; readonly more: boolean } {
    if (sequence >= this.#sequence) return { entries: [], next: this.#sequence, more: false };
    const news = [...this.#allCells()]
      .filter((cell) => cell.allowed && cell.sequence > sequence)
      .sort((one, other) => one.sequence - other.sequence);
    const page = news.slice(0, limit);
    const more = news.length > page.length;
    const next = more ? page.at(-1)?.sequence ?? sequence : this.#sequence;
    return { entries: page.map(({ entry }) => entry), next, more };
  }

  /** Every cell, held ones included, for the file it survives in. */
  all(): ManifestEntry[] {
    return [...this.#allCells()].map(({ entry }) => entry);
  }

  /** The stamp that a new cell gets now. */
  nextStamp(nowMs: number): number {
    return nextStamp(nowMs, this.#highestStamp);
  }

  /** One digest over what allowed authors say: equal on two envoys exactly if their manifests agree. */
  digest(): Sha256 {
    this.#digest ??= digestOf([...this.#allCells()].filter(({ allowed }) => allowed));
    return this.#digest;
  }

  /** Forgets blobs whose revocation everybody had time to hear of. Returns their digests. */
  pruneRevoked(nowMs: number): string[] {
    const horizon = nowMs - REVOKED_HORIZON_MS;
    const forgotten = [...this.blobs()]
      .filter(({ state, stamp }) => state === "revoked" && stamp < horizon)
      .map(({ sha256 }) => sha256);
    for (const sha256 of forgotten) {
      for (const { entry } of [...this.#cells.get(sha256)?.values() ?? []]) this.#drop(entry);
    }
    return forgotten;
  }

  /** Merges revocations from the future whose time has come. Returns those that changed what this manifest says. */
  mergeRipe(nowMs: number): ManifestEntry[] {
    const ripe = [...this.#early].filter(([, { stamp }]) => !isFromTheFuture(stamp, nowMs));
    for (const [key] of ripe) this.#early.delete(key);
    return this.merge(ripe.map(([, entry]) => entry), { nowMs, fromServer: false });
  }

  /** Stores a cell as the trust of the moment judges it; says whether its author is allowed. */
  #put(entry: ManifestEntry): boolean {
    const allowed = this.#trust.allows(entry);
    const authors = this.#cells.get(entry.sha256) ?? new Map<string, Cell>();
    const wasAllowed = authors.get(entry.author)?.allowed ?? false;
    this.#cells.set(entry.sha256, authors);
    this.#effective.delete(entry.sha256);
    if (allowed) this.#sequence += 1;
    authors.set(entry.author, { entry, allowed, sequence: this.#sequence });
    this.#allowedCount += Number(allowed) - Number(wasAllowed);
    // A stranger's stamps must not drive the clock that allowed authors continue from.
    if (allowed) this.#highestStamp = Math.max(this.#highestStamp, entry.stamp);
    if (allowed || wasAllowed) this.#digest = undefined;
    return allowed;
  }

  #judge(sha256: string): ManifestEntry | undefined {
    const cells = [...this.#cells.get(sha256)?.values() ?? []]
      .filter(({ allowed }) => allowed).map(({ entry }) => entry);
    const byServer = cells.find(({ author, state }) =>
      author === this.#trust.serverKey && state === "revoked"
    );
    const isLive = ({ state, stamp }: ManifestEntry) =>
      state === "active" && !(byServer && stamp <= byServer.stamp);
    const live = cells.filter(isLive);
    const told = live.length > 0 ? live : cells.filter(({ state }) => state === "revoked");
    return told.toSorted(compareAuthors).at(-1);
  }

  #drop({ sha256, author }: ManifestEntry): void {
    const authors = this.#cells.get(sha256);
    const cell = authors?.get(author);
    if (!authors || !cell) return;
    authors.delete(author);
    this.#effective.delete(sha256);
    if (authors.size === 0) this.#cells.delete(sha256);
    if (cell.allowed) {
      this.#allowedCount -= 1;
      this.#digest = undefined;
    }
  }

  #boundHeld(): void {
    const held = [...this.#allCells()].filter(({ allowed }) => !allowed)
      .map(({ entry }) => entry).sort((one, other) => compareForKeeping(other, one));
    const perAuthor = new Map<string, number>();
    let kept = 0;
    for (const entry of held) {
      const ofAuthor = (perAuthor.get(entry.author) ?? 0) + 1;
      perAuthor.set(entry.author, ofAuthor);
      if (ofAuthor > MAX_HELD_PER_AUTHOR || kept === MAX_HELD_ENTRIES) this.#drop(entry);
      else kept += 1;
    }
  }

  #boundAllowed(): void {
    [...this.#allCells()].filter(({ allowed }) => allowed).map(({ entry }) => entry)
      .sort((one, other) => compareForKeeping(other, one))
      .slice(MAX_MANIFEST_ENTRIES)
      .forEach((entry) => this.#drop(entry));
  }

  #noteEarly(entry: ManifestEntry): void {
    if (entry.state !== "revoked" || !this.#trust.allows(entry)) return;
    const key = cellKey(entry);
    const known = this.#early.get(key);
    if (known && compareCells(entry, known) <= 0) return;
    if (!known && this.#early.size >= MAX_EARLY_REVOCATIONS) {
      // No seeder may fill the place of the server's word.
      const isByServer = ({ author }: ManifestEntry) => author === this.#trust.serverKey;
      const other = [...this.#early].find(([, early]) => !isByServer(early));
      if (!isByServer(entry) || !other) return;
      this.#early.delete(other[0]);
    }
    this.#early.set(key, entry);
  }

  *#allCells(): Generator<Cell> {
    for (const authors of this.#cells.values()) yield* authors.values();
  }
}

function cellKey({ sha256, author }: { readonly sha256: string; readonly author: string }): string {
  return `${sha256} ${author}`;
}

/** Whether a cell is active and so old that its revocation may be forgotten. */
function isPastHorizon({ state, stamp }: ManifestEntry, nowMs: number): boolean {
  return state === "active" && stamp < nowMs - REVOKED_HORIZON_MS;
}

function digestOf(cells: readonly Cell[]): Sha256 {
  const lines = cells.map(({ entry }) => `${entry.sha256} ${entry.author} ${entry.signature}\n`);
  // Proven by construction: 32 bytes printed as hex.
  return createHash("sha256").update(lines.sort(compareText).join("")).digest("hex") as Sha256;
}

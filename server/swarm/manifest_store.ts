import type { FleetDocument } from "../../shared/config/fleet_document.ts";
import type { Signer } from "../../shared/crypto/ed25519.ts";
import type { Logger } from "../../shared/platform/logging.ts";
import { Manifest } from "../../shared/swarm/manifest.ts";
import {
  type ManifestEntry,
  manifestEntryBytes,
  manifestEntrySchema,
} from "../../shared/swarm/manifest_entry.ts";
import { ManifestTrust } from "../../shared/swarm/manifest_trust.ts";
import { EntryVerifier } from "../../shared/swarm/verify_entry.ts";
import type { EnvoyState } from "../fleet/envoy_state.ts";
import type { ManifestExchange, ManifestPage } from "./manifest_exchange.ts";
import type { Store } from "../store/store.ts";

/** Cells in one message. */
const PAGE_CELLS = 1_000;
/** Largest cell read, in bytes of JSON: a label of 255 bytes and a target of 4,096 characters, escaped at worst. */
const MAX_CELL_BYTES = 32 * 1024;
/** An envoy that was told everything and still disagrees is told again after this time, in ms, and not at every check-in. */
const RETELL_AFTER_MS = 10 * 60_000;
/** How often retention is looked at, in ms. */
const PRUNE_INTERVAL_MS = 10 * 60_000;

export interface ManifestStoreOptions {
  readonly store: Store;
  readonly signer: Signer;
  readonly now: () => number;
  readonly logger: Logger;
  /** The fleet document in force at the start. */
  readonly fleetDocument: FleetDocument;
  /** Tells every connected envoy of cells that are news. */
  readonly broadcast: (cells: readonly Uint8Array[]) => void;
}

/** The server's copy of the swarm manifest: it believes what seeders sign, revokes, forgets, and passes news on. */
export class ManifestStore implements ManifestExchange {
  readonly #options: ManifestStoreOptions;
  readonly #manifest: Manifest;
  readonly #verifier = new EntryVerifier();
  readonly #serverKey: string;
  /** Cursors of {@linkcode page} are bound to this life of the store: the next one counts anew. */
  readonly #instance = crypto.randomUUID();
  /** How far each envoy was told since this process started. */
  readonly #told = new Map<string, { readonly sequence: number; readonly begunAtMs: number }>();
  #digest: { readonly hex: string; readonly bytes: Uint8Array } | undefined;
  readonly #listeners: ((sha256: string) => void)[] = [];
  #timer: ReturnType<typeof setInterval> | undefined;

  private constructor(options: ManifestStoreOptions, entries: readonly ManifestEntry[]) {
    this.#options = options;
    this.#serverKey = options.signer.publicKey.toHex();
    this.#manifest = new Manifest(this.#trustOf(options.fleetDocument));
    this.#manifest.merge(entries, { nowMs: options.now(), fromServer: true });
  }

  static async load(options: ManifestStoreOptions): Promise<ManifestStore> {
    return new ManifestStore(options, await options.store.manifest.list());
  }

  /** Begins to revoke what has outlived its retention, and to forget what was revoked long ago. */
  start(): void {
    this.#timer ??= setInterval(() => {
      this.prune().catch((error) => {
        this.#options.logger.warn("Cannot prune the manifest; trying again: {reason}", {
          reason: String(error),
        });
      });
    }, PRUNE_INTERVAL_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  /** Has `listener` called with the SHA-256 of every blob of which something new is said. */
  onChange(listener: (sha256: string) => void): void {
    this.#listeners.push(listener);
  }

  digest(): Uint8Array {
    const hex = this.#manifest.digest();
    if (this.#digest?.hex !== hex) this.#digest = { hex, bytes: Uint8Array.fromHex(hex) };
    return this.#digest.bytes;
  }

  /** Pages through the manifest; an envoy that still disagrees is told again from the beginning, later. */
  nextPage(envoyUuid: string): readonly Uint8Array[] {
    const nowMs = this.#options.now();
    const told = this.#told.get(envoyUuid) ?? { sequence: 0, begunAtMs: nowMs };
    const isTold = told.sequence >= this.#manifest.sequence;
    if (isTold && told.sequence > 0 && nowMs - told.begunAtMs < RETELL_AFTER_MS) return [];
    const from = isTold ? 0 : told.sequence;
    const { entries, next } = this.#manifest.since(from, PAGE_CELLS);
    this.#told.set(envoyUuid, { sequence: next, begunAtMs: from === 0 ? nowMs : told.begunAtMs });
    return entries.map(encodeCell);
  }

  page(since: string): ManifestPage {
    const [instance, counter = ""] = since.split(":");
    const from = instance === this.#instance && /^\d{1,15}$/.test(counter) ? Number(counter) : 0;
    const { entries, next, more } = this.#manifest.since(from, PAGE_CELLS);
    return {
      next: `${this.#instance}:${next}`,
      isComplete: !more,
      entries: entries.map(encodeCell),
    };
  }

  begin(envoyUuid: string): void {
    this.#told.delete(envoyUuid);
  }

  async receive(cells: readonly Uint8Array[], from: EnvoyState): Promise<void> {
    const entries: ManifestEntry[] = [];
    for (const cell of cells.slice(0, PAGE_CELLS)) {
      const entry = decodeCell(cell);
      if (entry && this.#verifier.verify(entry)) entries.push(entry);
    }
    if (entries.length < cells.length) {
      this.#options.logger.warn("{hostname} sent {count} manifest cells that do not verify", {
        hostname: from.record.hostname,
        count: cells.length - entries.length,
      });
    }
    await this.#merge(entries);
  }

  /** What the fleet says about a blob. */
  effective(sha256: string): ManifestEntry | undefined {
    return this.#manifest.effective(sha256);
  }

  /** The effective entry of every blob. */
  blobs(): Iterable<ManifestEntry> {
    return this.#manifest.blobs();
  }

  /** Whether a blob is active and may be fetched. */
  isLive(sha256: string): boolean {
    return this.#manifest.isLive(sha256);
  }

  /** Revokes a blob in the server's name, durably before it is announced; `undefined` if nobody knows the blob. */
  async revoke(sha256: string): Promise<ManifestEntry | undefined> {
    const entry = this.#manifest.effective(sha256);
    if (!entry || entry.state === "revoked") return entry;
    const { signature: _, ...fields } = entry;
    const revocation = {
      ...fields,
      state: "revoked" as const,
      stamp: this.#manifest.nextStamp(this.#options.now()),
      // The signer's own key, printed as hex.
      author: this.#serverKey as ManifestEntry["author"],
    };
    const signed: ManifestEntry = {
      ...revocation,
      signature: this.#options.signer.sign(manifestEntryBytes(revocation)).toHex(),
    };
    await this.#merge([signed]);
    return signed;
  }

  /** Revokes all that an envoy seeded, as its identity is revoked. */
  async revokeAuthor(signingKey: string): Promise<void> {
    const own = [...this.#manifest.blobs()].filter(({ state, author }) =>
      state === "active" && author === signingKey
    );
    for (const { sha256 } of own) await this.revoke(sha256);
  }

  /** Judges every cell by a new fleet document; what counts from now on is kept and announced. */
  async setFleetDocument(document: FleetDocument): Promise<void> {
    const changed = this.#manifest.setTrust(this.#trustOf(document));
    await this.#keep(
      changed.filter(({ author, sha256 }) => this.#manifest.cell(sha256, author) !== undefined),
    );
  }

  /** Revokes what has outlived its retention and forgets what was revoked long ago. */
  async prune(): Promise<void> {
    const nowMs = this.#options.now();
    const outlived = [...this.#manifest.blobs()].filter(({ state, retentionSecs, createdMs }) =>
      state === "active" && retentionSecs > 0 && createdMs + retentionSecs * 1000 <= nowMs
    );
    for (const { sha256 } of outlived) await this.revoke(sha256);
    await this.forgetRevoked();
  }

  /**
   * Forgets what was revoked so long ago that every machine knows. Returns the entries.
   *
   * @param record writes down what is forgotten, in the transaction that removes it.
   */
  async forgetRevoked(
    record?: (inside: Store, forgotten: readonly ManifestEntry[]) => Promise<void>,
  ): Promise<ManifestEntry[]> {
    const effective = [...this.#manifest.blobs()];
    const before = this.#manifest.all();
    const forgotten = new Set(this.#manifest.pruneRevoked(this.#options.now()));
    if (forgotten.size === 0) return [];
    const entries = effective.filter(({ sha256 }) => forgotten.has(sha256));
    await this.#options.store.transaction(async (inside) => {
      await inside.manifest.remove(before.filter(({ sha256 }) => forgotten.has(sha256)));
      await record?.(inside, entries);
    });
    return entries;
  }

  async #merge(entries: readonly ManifestEntry[]): Promise<void> {
    await this.#keep(
      this.#manifest.merge(entries, { nowMs: this.#options.now(), fromServer: false }),
    );
  }

  async #keep(changed: readonly ManifestEntry[]): Promise<void> {
    if (changed.length === 0) return;
    for (const sha256 of new Set(changed.map((entry) => entry.sha256))) {
      for (const listener of this.#listeners) listener(sha256);
    }
    await this.#options.store.manifest.saveAll(changed);
    for (let from = 0; from < changed.length; from += PAGE_CELLS) {
      this.#options.broadcast(changed.slice(from, from + PAGE_CELLS).map(encodeCell));
    }
  }

  #trustOf({ swarm }: FleetDocument): ManifestTrust {
    return new ManifestTrust(this.#serverKey, swarm.seederKeys);
  }
}

function encodeCell(entry: ManifestEntry): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(entry));
}

function decodeCell(cell: Uint8Array): ManifestEntry | undefined {
  if (cell.length > MAX_CELL_BYTES) return undefined;
  try {
    const value: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(cell));
    return manifestEntrySchema.safeParse(value).data;
  } catch {
    // Bytes that are no JSON are no cell; the caller counts them.
    return undefined;
  }
}

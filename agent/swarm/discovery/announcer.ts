import type { AnnounceLine } from "../../../shared/swarm/announce_line.ts";

/** An announcement goes out at least this often. */
export const ANNOUNCE_INTERVAL_MS = 10_000;
/** Changes are collected this long before they are told. */
const CHANGE_DELAY_MS = 100;
/** No two announcements are closer. */
const MIN_GAP_MS = 500;
/** Holders answer a WANT after up to this long, so that one answers for all. */
const WANT_DELAY_MS = 500;
/** New instances are answered after up to this long. */
const GREETING_DELAY_MS = 2000;
/** A revocation is repeated this long. */
const REVOKE_REPEAT_MS = 60_000;
/** Instances and wants remembered. */
const MAX_REMEMBERED = 1000;

/** What there is to tell. */
export interface AnnounceFacts {
  readonly manifestDigest: string;
  /** Blobs held, with what is incomplete or recent first. */
  readonly held: readonly {
    readonly sha256: string;
    readonly have: number;
    readonly total: number;
  }[];
  /** Blobs wanted for which no holder is known. */
  readonly wanted: readonly string[];
}

/** Decides when this envoy announces itself and what it says. Pure: time and chance go in. */
export class Announcer {
  readonly #random: () => number;
  readonly #instances = new Map<string, number>();
  readonly #wants = new Map<string, number>();
  readonly #revokedMs = new Map<string, number>();
  #dueMs: number;
  #sentMs = -Infinity;
  #rotation = 0;

  constructor(random: () => number, nowMs: number) {
    this.#random = random;
    this.#dueMs = nowMs;
  }

  /** When to call {@linkcode take} next. */
  get dueMs(): number {
    const wanted = this.#wants.size > 0 ? Math.min(...this.#wants.values()) : Infinity;
    return Math.max(this.#sentMs + MIN_GAP_MS, Math.min(this.#dueMs, wanted));
  }

  /** Something that peers should know soon has changed. */
  noteChange(nowMs: number): void {
    this.#hasten(nowMs + CHANGE_DELAY_MS);
  }

  noteRevoked(sha256: string, nowMs: number): void {
    this.#revokedMs.set(sha256, nowMs);
    this.noteChange(nowMs);
  }

  /** Somebody was heard. A new instance is greeted, once per interval. */
  noteInstance(instance: string, nowMs: number): void {
    const isNew = !this.#instances.has(instance);
    this.#instances.delete(instance);
    this.#instances.set(instance, nowMs);
    trim(this.#instances);
    if (isNew) this.#hasten(nowMs + this.#random() * GREETING_DELAY_MS);
  }

  /** Somebody wants a blob that this envoy holds. */
  noteWant(sha256: string, nowMs: number): void {
    if (this.#wants.has(sha256) || this.#wants.size >= MAX_REMEMBERED) return;
    this.#wants.set(sha256, nowMs + this.#random() * WANT_DELAY_MS);
  }

  /** Somebody else said that they hold a blob: no need to answer for it. */
  noteHave(sha256: string): void {
    this.#wants.delete(sha256);
  }

  /** The lines to send now, address lines not included; `undefined` if it is not time yet. */
  take(nowMs: number, facts: AnnounceFacts): AnnounceLine[] | undefined {
    if (nowMs < this.dueMs) return undefined;
    this.#sentMs = nowMs;
    this.#dueMs = nowMs + ANNOUNCE_INTERVAL_MS;
    for (const [sha256, revokedMs] of this.#revokedMs) {
      if (nowMs - revokedMs > REVOKE_REPEAT_MS) this.#revokedMs.delete(sha256);
    }
    const have = (blob: AnnounceFacts["held"][number]) => ({ kind: "have" as const, ...blob });
    const asked = facts.held.filter(({ sha256 }) => this.#wants.has(sha256));
    const partial = facts.held.filter(({ have, total, sha256 }) =>
      have < total && !this.#wants.has(sha256)
    );
    const whole = facts.held.filter(({ have, total, sha256 }) =>
      have === total && !this.#wants.has(sha256)
    );
    this.#wants.clear();
    return [
      { kind: "manifest", digest: facts.manifestDigest },
      ...[...this.#revokedMs.keys()].map((sha256) => ({ kind: "revoke" as const, sha256 })),
      ...facts.wanted.map((sha256) => ({ kind: "want" as const, sha256 })),
      ...[...asked, ...partial, ...this.#rotate(whole)].map(have),
    ];
  }

  #hasten(dueMs: number): void {
    this.#dueMs = Math.min(this.#dueMs, dueMs);
  }

  /** Begins at another blob each time, so that all have their turn although datagrams are few. */
  #rotate<T>(items: readonly T[]): readonly T[] {
    if (items.length === 0) return items;
    const start = this.#rotation % items.length;
    this.#rotation += 16;
    return [...items.slice(start), ...items.slice(0, start)];
  }
}

function trim(map: Map<string, number>): void {
  for (const key of map.keys()) {
    if (map.size <= MAX_REMEMBERED) return;
    map.delete(key);
  }
}

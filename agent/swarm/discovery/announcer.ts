import type { AnnounceLine } from "../../../shared/swarm/announce_line.ts";

/** An announcement goes out at least this often. */
export const ANNOUNCE_INTERVAL_MS = 10_000;
/** Datagrams sent on each interface within any {@linkcode ANNOUNCE_INTERVAL_MS}. */
export const MAX_DATAGRAMS_PER_INTERVAL = 4;
/** Lines about blobs that fit into one datagram whatever numbers and addresses stand in it. */
export const LINES_PER_DATAGRAM = 14;
/** Of these datagrams, those of a regular announcement; the others are left for what changes meanwhile. */
const REGULAR_DATAGRAMS = 2;
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
/** Lines of revocations and of wants in one announcement, each: neither leaves what is held untold. */
const MAX_NOTICES = 4;
/** Complete blobs that are told each time since they are the newest; the others take turns. */
const RECENT_BLOBS = 3;

/** What there is to tell. */
export interface AnnounceFacts {
  readonly manifestDigest: string;
  /** Blobs held, the most recent first. */
  readonly held: readonly {
    readonly sha256: string;
    readonly have: number;
    readonly total: number;
  }[];
  /** Blobs wanted for which no holder is known. */
  readonly wanted: readonly string[];
}

/**
 * Decides when this envoy announces itself and what it says: never more than {@linkcode MAX_DATAGRAMS_PER_INTERVAL}
 * datagrams in an interval, whatever others say and however much changes here. Pure: time and chance go in.
 */
export class Announcer {
  readonly #random: () => number;
  readonly #instances = new Map<string, number>();
  readonly #wants = new Map<string, number>();
  readonly #revokedMs = new Map<string, number>();
  /** What was sent in the last interval, oldest first. */
  readonly #sent: { readonly atMs: number; readonly datagrams: number }[] = [];
  #regularMs: number;
  /** When a change or a newcomer asks for an announcement before the regular one. */
  #hastenedMs = Infinity;
  #greetedMs = -Infinity;
  readonly #turns = { revoked: 0, wanted: 0, whole: 0 };

  constructor(random: () => number, nowMs: number) {
    this.#random = random;
    this.#regularMs = nowMs;
  }

  /** When to call {@linkcode take} next. */
  get dueMs(): number {
    const wanted = this.#wants.size > 0 ? Math.min(...this.#wants.values()) : Infinity;
    const asked = Math.min(this.#regularMs, this.#hastenedMs, wanted);
    const sentMs = this.#sent.at(-1)?.atMs ?? -Infinity;
    return Math.max(sentMs + MIN_GAP_MS, this.#freeMs(), asked);
  }

  /** Something that peers should know soon has changed. */
  noteChange(nowMs: number): void {
    this.#hasten(nowMs + CHANGE_DELAY_MS);
  }

  noteRevoked(sha256: string, nowMs: number): void {
    this.#revokedMs.delete(sha256);
    this.#revokedMs.set(sha256, nowMs);
    trim(this.#revokedMs);
    this.noteChange(nowMs);
  }

  /** Somebody was heard. New instances are greeted, all those of an interval at once. */
  noteInstance(instance: string, nowMs: number): void {
    const isNew = !this.#instances.has(instance);
    this.#instances.delete(instance);
    this.#instances.set(instance, nowMs);
    trim(this.#instances);
    if (!isNew || nowMs - this.#greetedMs < ANNOUNCE_INTERVAL_MS) return;
    this.#greetedMs = nowMs;
    this.#hasten(nowMs + this.#random() * GREETING_DELAY_MS);
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

  /**
   * The lines to send now, address lines not included; `undefined` if it is not time yet. They fit into the datagrams that
   * this interval has left.
   */
  take(nowMs: number, facts: AnnounceFacts): AnnounceLine[] | undefined {
    if (nowMs < this.dueMs) return undefined;
    const isRegular = nowMs >= this.#regularMs;
    const room = MAX_DATAGRAMS_PER_INTERVAL - this.#sentSince(nowMs - ANNOUNCE_INTERVAL_MS);
    const most = Math.min(room, isRegular ? REGULAR_DATAGRAMS : 1) * LINES_PER_DATAGRAM;
    const lines = this.#lines(nowMs, facts, most);
    const datagrams = Math.max(1, Math.ceil(lines.length / LINES_PER_DATAGRAM));
    this.#sent.push({ atMs: nowMs, datagrams });
    this.#regularMs = nowMs + ANNOUNCE_INTERVAL_MS;
    this.#hastenedMs = Infinity;
    return [{ kind: "manifest", digest: facts.manifestDigest }, ...lines];
  }

  #lines(nowMs: number, { held, wanted }: AnnounceFacts, most: number): AnnounceLine[] {
    for (const [sha256, revokedMs] of this.#revokedMs) {
      if (nowMs - revokedMs > REVOKE_REPEAT_MS) this.#revokedMs.delete(sha256);
    }
    const revoked = this.#turn("revoked", [...this.#revokedMs.keys()].reverse(), MAX_NOTICES);
    const missing = this.#turn("wanted", wanted, MAX_NOTICES);
    const notices: AnnounceLine[] = [
      ...revoked.map((sha256) => ({ kind: "revoke" as const, sha256 })),
      ...missing.map((sha256) => ({ kind: "want" as const, sha256 })),
    ];
    const asked = held.filter(({ sha256 }) => this.#wants.has(sha256));
    const others = held.filter(({ sha256 }) => !this.#wants.has(sha256));
    const partial = others.filter(({ have, total }) => have < total);
    const whole = others.filter(({ have, total }) => have === total);
    const first = [...asked, ...partial, ...whole.slice(0, RECENT_BLOBS)];
    this.#wants.clear();
    const room = most - notices.length;
    const rest = this.#turn("whole", whole.slice(RECENT_BLOBS), Math.max(0, room - first.length));
    const told = [...first, ...rest].slice(0, room);
    return [...notices, ...told.map((blob) => ({ kind: "have" as const, ...blob }))];
  }

  /** At most `count` of the items; what is left out has its turn in the next announcements. */
  #turn<T>(name: "revoked" | "wanted" | "whole", items: readonly T[], count: number): readonly T[] {
    if (items.length <= count) return items;
    const start = this.#turns[name] % items.length;
    this.#turns[name] = (start + count) % items.length;
    return [...items.slice(start), ...items.slice(0, start)].slice(0, count);
  }

  #hasten(dueMs: number): void {
    this.#hastenedMs = Math.min(this.#hastenedMs, dueMs);
  }

  /** Datagrams sent after `sinceMs`; what is older is forgotten. */
  #sentSince(sinceMs: number): number {
    while ((this.#sent[0]?.atMs ?? Infinity) <= sinceMs) this.#sent.shift();
    return this.#sent.reduce((sum, { datagrams }) => sum + datagrams, 0);
  }

  /** From when on the interval has a datagram left. */
  #freeMs(): number {
    let datagrams = 0;
    for (const sent of this.#sent.toReversed()) {
      datagrams += sent.datagrams;
      if (datagrams >= MAX_DATAGRAMS_PER_INTERVAL) return sent.atMs + ANNOUNCE_INTERVAL_MS;
    }
    return -Infinity;
  }
}

function trim(map: Map<string, number>): void {
  for (const key of map.keys()) {
    if (map.size <= MAX_REMEMBERED) return;
    map.delete(key);
  }
}

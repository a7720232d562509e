import { canonicalJson, type Json } from "../../shared/canonical/canonical_json.ts";
import type { Collector, TraitSystem } from "./collector.ts";

/** A collector that has not answered by then has failed, whatever it still does. */
export const COLLECTOR_TIMEOUT_MS = 5_000;

/** From a stop until nobody waits any more: a program that a collector started ends in half of it. */
const STOP_GRACE_MS = 500;

/** Why a collector gave nothing. */
export interface FailedCollector {
  readonly name: string;
  readonly reason: string;
}

/** Traits by collector, and which collectors gave none. */
export interface Collected {
  readonly traits: Readonly<Record<string, Json>>;
  readonly failed: readonly FailedCollector[];
}

/** How to collect. */
export interface CollectOptions {
  readonly timeoutMs?: number;
  /**
   * Names of collectors that are still at work although their time was over. They are not started again: one that hangs
   * would take a thread at every cycle.
   */
  readonly busy?: Set<string>;
  /** Ends it early: whatever has not answered soon afterwards has failed. */
  readonly signal?: AbortSignal;
  /** What "soon" is. */
  readonly stopGraceMs?: number;
  /** Told of each collector as it ends. */
  onDone?(name: string): void;
}

/** Runs collectors side by side. One that fails or is late is left out and named: absence of data means nothing else. */
export async function collectTraits(
  collectors: readonly Collector[],
  system: TraitSystem,
  options: CollectOptions = {},
): Promise<Collected> {
  const results = await Promise.all(collectors.map(async (collector) => {
    const outcome = await collectOne(collector, system, options);
    options.onDone?.(collector.name);
    return { name: collector.name, outcome };
  }));
  const traits: Record<string, Json> = {};
  const failed: FailedCollector[] = [];
  for (const { name, outcome } of results) {
    if (outcome.ok) traits[name] = outcome.value;
    else failed.push({ name, reason: outcome.reason });
  }
  return { traits, failed };
}

type Outcome =
  | { readonly ok: true; readonly value: Json }
  | { readonly ok: false; readonly reason: string };

async function collectOne(
  collector: Collector,
  system: TraitSystem,
  options: CollectOptions,
): Promise<Outcome> {
  const { name } = collector;
  const { timeoutMs = COLLECTOR_TIMEOUT_MS, busy = new Set(), signal } = options;
  if (busy.has(name)) return { ok: false, reason: "an earlier reading has not ended yet" };
  const abort = new AbortController();
  const { promise: cut, resolve } = Promise.withResolvers<Outcome>();
  let timer = setTimeout(() => {
    abort.abort();
    resolve({ ok: false, reason: `no answer in ${timeoutMs} ms` });
  }, timeoutMs);
  const stop = () => {
    abort.abort();
    clearTimeout(timer);
    timer = setTimeout(
      () => resolve({ ok: false, reason: "it was stopped" }),
      options.stopGraceMs ?? STOP_GRACE_MS,
    );
  };
  signal?.addEventListener("abort", stop, { once: true });
  if (signal?.aborted) stop();
  busy.add(name);
  const work = read(collector, system, abort.signal).finally(() => busy.delete(name));
  const outcome = await Promise.race([work, cut]);
  clearTimeout(timer);
  signal?.removeEventListener("abort", stop);
  return outcome;
}

async function read(
  { collect }: Collector,
  system: TraitSystem,
  signal: AbortSignal,
): Promise<Outcome> {
  try {
    const value = await collect(system, signal);
    // What cannot be written, such as half a character in a name, must fail here and not the whole check-in.
    canonicalJson(value);
    return { ok: true, value };
  } catch (error) {
    return { ok: false, reason: error instanceof Error ? error.message : String(error) };
  }
}

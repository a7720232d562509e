import type { Json } from "../../shared/canonical/canonical_json.ts";
import type { Collector, TraitSystem } from "./collector.ts";

/** A collector that has not answered by then has failed, whatever it still does. */
export const COLLECTOR_TIMEOUT_MS = 5_000;

/** Traits by collector, and which collectors gave none. */
export interface Collected {
  readonly traits: Readonly<Record<string, Json>>;
  readonly failed: readonly { readonly name: string; readonly reason: string }[];
}

/** Runs collectors side by side. One that fails or is late is left out and named: absence of data means nothing else. */
export async function collectTraits(
  collectors: readonly Collector[],
  system: TraitSystem,
  timeoutMs: number = COLLECTOR_TIMEOUT_MS,
): Promise<Collected> {
  const results = await Promise.all(
    collectors.map((collector) => collectOne(collector, system, timeoutMs)),
  );
  const traits: Record<string, Json> = {};
  const failed: { name: string; reason: string }[] = [];
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
  { name, collect }: Collector,
  system: TraitSystem,
  timeoutMs: number,
): Promise<{ name: string; outcome: Outcome }> {
  const abort = new AbortController();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<Outcome>((resolve) => {
    timer = setTimeout(() => {
      abort.abort();
      resolve({ ok: false, reason: `no answer in ${timeoutMs} ms` });
    }, timeoutMs);
  });
  const work = collect(system, abort.signal).then(
    (value): Outcome => ({ ok: true, value }),
    (error: unknown): Outcome => ({
      ok: false,
      reason: error instanceof Error ? error.message : String(error),
    }),
  );
  const outcome = await Promise.race([work, late]);
  clearTimeout(timer);
  return { name, outcome };
}

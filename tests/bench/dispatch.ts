import { UserError } from "../../shared/terminal/user_error.ts";
import { type BenchReport, type BenchRow, describeMachine } from "./bench_report.ts";
import { measureFleet } from "./dispatch_fleet.ts";
import { measureRoundTrip } from "./dispatch_round_trip.ts";
import type { BenchOptions, Progress } from "./main.ts";

const ROUND_TRIP = "round_trip";
const CASES = ["agents_1000", "agents_10000", ROUND_TRIP] as const;

/**
 * What it takes to run `true` on a fleet, and on one machine.
 *
 * `agents_N`: the real service over SQLite in one process, and N simulated agents in others, each with TLS, keys and a held
 * stream of its own, that verify the signed order and answer it as agents do, without starting a command. Three tasks, one after
 * the other, with a reader who follows each. All times are from asking for the task.
 *
 * - `plan_by_trait`: planning a task whose target asks for a trait, so that those of every agent are read, and how late a timer of
 *   the server's thread was at worst meanwhile.
 * - `accepted`: until the plan is answered, at worst; `reached_…`: until an agent has its order.
 * - `p50`, `p99`, `max`: until an agent hears that its verdict is in the database; of all targets of all rounds.
 * - `over_…`: until the task is over in the database, of rounds; `throughput` is of the middle one.
 * - `cpu`, `cpu_ms_per_op`: processor time of the whole server process, for the middle round and for each of its targets.
 * - `blocked`: how late a timer of the server's thread was at worst; `checkin_…`: what check-ins of others took meanwhile.
 * - `rss_connected` and `rss` are before and after, each after a collection, `rss_per_item` what each stream holds.
 *
 * `round_trip`: a real `vigosrv` and one real `vigo` daemon; see `measureRoundTrip`.
 */
export async function benchDispatch(
  progress: Progress,
  { rows: wanted }: BenchOptions,
): Promise<BenchReport> {
  const rows: BenchRow[] = [];
  const skipped: string[] = [];
  for (const name of wanted.length === 0 ? CASES : wanted) {
    const [, agents] = /^agents_([1-9]\d{0,4})$/.exec(name) ?? [];
    if (agents !== undefined) rows.push(...await measureFleet(Number(agents), progress));
    else if (name === ROUND_TRIP) rows.push(...await measureRoundTrip(progress, skipped));
    else throw new UserError(`No case is called "${name}". Use agents_NUMBER or ${ROUND_TRIP}`);
  }
  return { bench: "dispatch", machine: describeMachine(), rows, skipped };
}

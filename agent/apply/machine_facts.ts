import type { Traits } from "../../shared/templates/identified_traits.ts";
import type { TraitSystem } from "../traits/collector.ts";
import { readListeningSockets } from "../traits/listening_sockets.ts";

/** What conditions and templates of a run learn of the machine. */
export interface MachineFacts {
  /** Traits of this cycle, with the hostname bound at enrolment. */
  readonly traits: Traits;
  /** Collectors that told nothing: what would be theirs is not known, rather than absent. */
  readonly failedCollectors: readonly string[];
  /** TCP ports on which something listens at this moment; undefined where the system does not tell. */
  listeningPorts(): Promise<ReadonlySet<number> | undefined>;
}

/** A machine of which nothing is known but that it has no traits. */
export const NO_FACTS: MachineFacts = {
  traits: {},
  failedCollectors: [],
  listeningPorts: () => Promise.resolve(undefined),
};

/** As for a trait collector. */
const READ_TIMEOUT_MS = 5_000;

/** The TCP ports on which something listens now, whichever address it is; undefined if the system does not tell. */
export async function readListeningPorts(
  system: TraitSystem,
  signal: AbortSignal,
): Promise<ReadonlySet<number> | undefined> {
  try {
    const limit = AbortSignal.any([signal, AbortSignal.timeout(READ_TIMEOUT_MS)]);
    const sockets = await readListeningSockets(system, limit);
    return new Set(sockets.flatMap(({ protocol, port }) => protocol === "tcp" ? [port] : []));
  } catch {
    // Whatever the reason is, a condition that asks cannot be decided, and says so.
    return undefined;
  }
}

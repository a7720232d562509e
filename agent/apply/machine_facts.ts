import type { Traits } from "../../shared/templates/identified_traits.ts";

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

import type { Json } from "../canonical/canonical_json.ts";

/** What a condition sees beside the machine; a bundle's conditions bring theirs along. */
export interface ConditionScope {
  /** Reading a variable may throw: an interruption of the caller's own, which ends the evaluation. */
  readonly vars: object;
  /** The environment of the host; a host without one has the empty text. */
  readonly env?: string | undefined;
  /** What `foreach` stands at; absent where there is none. */
  readonly item?: Json | undefined;
}

/** What is known of the machine. */
export interface ConditionFacts {
  /** Traits by collector, or undefined while nothing is known of the machine. */
  readonly traits: object | undefined;
  /**
   * What it means that a trait is not in `traits`. On the machine it is `absent`: its collector has run, and reading the
   * trait is a mistake of the condition. Elsewhere it is `undecided`: the machine itself may know.
   */
  readonly missingTraits: "absent" | "undecided";
  /** Collectors that failed: of what they would have told nothing is known. */
  readonly failedCollectors?: readonly string[];
  /** Whether something that notifies the resource has changed in this run; undefined before the run. */
  readonly changed: boolean | undefined;
  /** Whether some process listens on a TCP port of the machine; undefined where that cannot be known. */
  portListening(port: number): boolean | undefined;
}

/** What a condition comes to. */
export type ConditionVerdict =
  | { readonly state: "true" | "false" }
  /** It depends on what `facts` do not know. */
  | { readonly state: "undecided" }
  /** It cannot be evaluated; `offset` is where in its text. */
  | { readonly state: "wrong"; readonly message: string; readonly offset: number };

/**
 * What came of knocking at an address: `answered` by the envoy that was expected, by an `other` one or by a `stranger`, who
 * shows no certificate of this fleet; `refused`: nobody listens; `silent`: no answer at all; `unreachable`: no way there.
 */
export const KNOCK_OUTCOMES = [
  "answered",
  "other",
  "stranger",
  "refused",
  "silent",
  "unreachable",
] as const;
export type KnockOutcome = typeof KNOCK_OUTCOMES[number];

export interface Knock {
  readonly outcome: KnockOutcome;
  /** What the system or the other end said. */
  readonly detail: string;
}

/** What a target spec is judged against: one envoy as the server's index, or the envoy itself, knows it. */
export interface TargetSubject {
  /** The hostname bound at enrolment. */
  readonly hostname: string;
  readonly uuid: string;
  /** The envoy's traits: a JSON object. */
  readonly traits: unknown;
  readonly tags: Readonly<Record<string, string>>;
}

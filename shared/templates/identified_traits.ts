import type { Json } from "../canonical/canonical_json.ts";

/** The traits of one envoy, as its last check-in told them. */
export type Traits = { readonly [key: string]: Json | undefined };

/**
 * The traits of a host as templates and conditions see them: `traits.agent_self.hostname` is the hostname bound at enrolment,
 * whatever the machine says of itself. It is not among the traits that a host reports, so that a read of it stays the same
 * for one host.
 */
export function identifiedTraits(
  { hostname, traits }: { readonly hostname: string; readonly traits: Traits },
): Traits {
  const { agent_self: self } = traits;
  const known = typeof self === "object" && self !== null && !Array.isArray(self) ? self : {};
  return { ...traits, agent_self: { ...known, hostname } };
}

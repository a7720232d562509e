import { z } from "zod";

/** What a person or a token can be given, from the least to the most; each may do what the one before may. */
export const PERSON_ROLES = ["viewer", "operator", "admin"] as const;

export const personRoleSchema = z.enum(PERSON_ROLES);

export type PersonRole = z.infer<typeof personRoleSchema>;

/** The lesser of two roles. */
export function lesserRole(one: PersonRole, other: PersonRole): PersonRole {
  return PERSON_ROLES.indexOf(one) < PERSON_ROLES.indexOf(other) ? one : other;
}

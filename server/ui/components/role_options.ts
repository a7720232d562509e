import { PERSON_ROLES } from "../../../shared/rest/roles.ts";

/** Roles of people, to choose one. */
export const ROLE_OPTIONS = PERSON_ROLES.map((role) => [role, role] as const);

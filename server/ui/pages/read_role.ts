import { personRoleSchema } from "../../../shared/rest/roles.ts";
import { ApiError } from "../../api/api_error.ts";
import type { Form } from "../form.ts";

/** The role that a form says. @throws {ApiError} 400 for a word that is no role. */
export function readRole(form: Form) {
  const role = personRoleSchema.safeParse(form.text("role"));
  if (!role.success) {
    throw new ApiError(400, `Cannot give the role "${form.text("role")}": choose one of the list`);
  }
  return role.data;
}

import { MIN_PASSWORD_LENGTH } from "../../../shared/rest/users.ts";
import { ActionForm, Button, Field } from "./form.tsx";

/** Changes one's own password: the action `password`. */
export function PasswordForm({ name, csrfToken }: {
  /** Whose it is, for what keeps passwords in the browser. */
  name: string;
  csrfToken: string;
}) {
  const hint = `At least ${MIN_PASSWORD_LENGTH} characters`;
  return (
    <ActionForm
      action="password"
      csrfToken={csrfToken}
      label="Change your password"
      className="form grid"
    >
      <input type="text" name="username" value={name} autocomplete="username" hidden />
      <Field
        name="current"
        label="Current password"
        type="password"
        isRequired
        autocomplete="current-password"
        idPrefix="own"
      />
      <Field
        name="password"
        label="New password"
        type="password"
        isRequired
        autocomplete="new-password"
        hint={hint}
        idPrefix="own"
      />
      <Field
        name="again"
        label="New password again"
        type="password"
        isRequired
        autocomplete="new-password"
        idPrefix="own"
      />
      <div class="form-end">
        <Button>Change it</Button>
      </div>
    </ActionForm>
  );
}

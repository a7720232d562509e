import { MIN_PASSWORD_LENGTH, type User } from "../../../shared/rest/users.ts";
import type { Form } from "../form.ts";
import { ActionForm, Button, Field, Select } from "./form.tsx";
import { ROLE_OPTIONS } from "./role_options.ts";
import { Status } from "./status.tsx";
import { Table } from "./table.tsx";
import { Word } from "./text.tsx";
import { Time } from "./time.tsx";

/** Who may log in; what is done to each are the actions `user-role`, `user-password`, `disable-user` and their like. */
export function PeopleRows({ users, nowMs, csrfToken }: {
  users: readonly User[];
  nowMs: number;
  csrfToken: string;
}) {
  return (
    <Table
      label="People"
      rows={users}
      columns={[
        { name: "Person", isHeading: true, cell: ({ name }) => <Word>{name}</Word> },
        { name: "Role", cell: ({ role }) => role },
        {
          name: "State",
          cell: ({ enabled }) => (
            <Status kind={enabled ? "ok" : "none"}>{enabled ? "may log in" : "disabled"}</Status>
          ),
        },
        {
          name: "Last login",
          cell: ({ lastLoginMs }) => <Time ms={lastLoginMs} nowMs={nowMs} />,
        },
        { name: "Added by", cell: ({ createdBy }) => <Word>{createdBy}</Word> },
        { name: "Do", cell: (user) => <PersonActions user={user} csrfToken={csrfToken} /> },
      ]}
    />
  );
}

/** Lets one more log in: the action `add-user`. */
export function PersonForm({ csrfToken, typed }: {
  csrfToken: string;
  /** The form as it was filled in, if it was refused. */
  typed: Form | undefined;
}) {
  return (
    <details class="more" open={typed !== undefined}>
      <summary>Add a person</summary>
      <ActionForm
        action="add-user"
        csrfToken={csrfToken}
        label="Add a person"
        className="form grid"
      >
        <Field
          name="name"
          label="Name"
          isRequired
          idPrefix="person"
          value={typed?.text("name")}
          placeholder="ann"
        />
        <Select
          name="role"
          label="Role"
          options={ROLE_OPTIONS}
          idPrefix="person"
          value={typed?.text("role") ?? "viewer"}
        />
        <Field
          name="password"
          label="Password"
          type="password"
          isRequired
          autocomplete="new-password"
          idPrefix="person"
          hint={`At least ${MIN_PASSWORD_LENGTH} characters`}
        />
        <div class="form-end">
          <Button>Add</Button>
        </div>
      </ActionForm>
    </details>
  );
}

function PersonActions({ user: { name, role, enabled }, csrfToken }: {
  user: User;
  csrfToken: string;
}) {
  const id = `person-${name}`;
  const hidden = <input type="hidden" name="name" value={name} />;
  return (
    <details class="more">
      <summary aria-label={`Change ${name}`}>change</summary>
      <div class="form person">
        <ActionForm
          action="user-role"
          csrfToken={csrfToken}
          label={`Role of ${name}`}
          className="form inline"
        >
          {hidden}
          <Select name="role" label="Role" value={role} options={ROLE_OPTIONS} idPrefix={id} />
          <Button kind="small">Set</Button>
        </ActionForm>
        <ActionForm
          action="user-password"
          csrfToken={csrfToken}
          label={`Password of ${name}`}
          className="form inline"
        >
          {hidden}
          <Field
            name="password"
            label="New password"
            type="password"
            isRequired
            autocomplete="new-password"
            idPrefix={id}
          />
          <Button kind="small">Set</Button>
        </ActionForm>
        <div class="form-end">
          <ActionForm
            action={enabled ? "disable-user" : "enable-user"}
            csrfToken={csrfToken}
            label={`${enabled ? "Disable" : "Enable"} ${name}`}
            className="in-row"
          >
            {hidden}
            <Button kind="small">{enabled ? "Disable" : "Enable"}</Button>
          </ActionForm>
          <ActionForm
            action="remove-user"
            csrfToken={csrfToken}
            label={`Remove ${name}`}
            className="in-row"
          >
            {hidden}
            <Button kind="small" ask={`Remove ${name}? The tokens stop working.`}>Remove</Button>
          </ActionForm>
        </div>
      </div>
    </details>
  );
}

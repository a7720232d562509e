import { type ApiToken, DEFAULT_TOKEN_TTL_MS } from "../../../shared/rest/tokens.ts";
import type { Form } from "../form.ts";
import { ActionForm, Button, Field, Select } from "./form.tsx";
import { Empty } from "./notice.tsx";
import { ROLE_OPTIONS } from "./role_options.ts";
import { Status } from "./status.tsx";
import { Table } from "./table.tsx";
import { Command, Word } from "./text.tsx";
import { Time } from "./time.tsx";

const DAY_MS = 86_400_000;
const TOKEN_KINDS = { valid: "ok", expired: "none", revoked: "none" } as const;

/** Tokens for the REST address; revoking one is the action `revoke-token`. */
export function TokenRows({ tokens, nowMs, csrfToken }: {
  tokens: readonly ApiToken[];
  nowMs: number;
  csrfToken: string;
}) {
  return (
    <>
      {tokens.length === 0
        ? (
          <Empty title="No token is there.">
            <p>
              Make one here for a script, or:{" "}
              <Command>vigocli token create ci --role viewer</Command>
            </p>
          </Empty>
        )
        : (
          <Table
            label="API tokens"
            rows={tokens}
            columns={[
              { name: "Token", isHeading: true, cell: ({ name }) => <Word>{name}</Word> },
              {
                name: "State",
                cell: ({ state }) => <Status kind={TOKEN_KINDS[state]}>{state}</Status>,
              },
              { name: "Role", cell: ({ role }) => role },
              { name: "Acts for", cell: ({ owner }) => <Word>{owner ?? "local root"}</Word> },
              { name: "Used", cell: ({ lastUsedMs }) => <Time ms={lastUsedMs} nowMs={nowMs} /> },
              { name: "Ends", cell: ({ expiresAtMs }) => <Time ms={expiresAtMs} nowMs={nowMs} /> },
              {
                name: "Do",
                cell: ({ id, name, state }) =>
                  state !== "valid" ? null : (
                    <ActionForm
                      action="revoke-token"
                      csrfToken={csrfToken}
                      label={`Revoke ${name}`}
                      className="in-row"
                    >
                      <input type="hidden" name="id" value={id} />
                      <Button kind="small" ask={`Revoke the token ${name}?`}>Revoke</Button>
                    </ActionForm>
                  ),
              },
            ]}
          />
        )}
    </>
  );
}

/** Makes a token: the action `create-token`. */
export function TokenForm({ csrfToken, typed }: {
  csrfToken: string;
  /** The form as it was filled in, if it was refused. */
  typed: Form | undefined;
}) {
  return (
    <details class="more" open={typed !== undefined}>
      <summary>Make a token</summary>
      <ActionForm
        action="create-token"
        csrfToken={csrfToken}
        label="Make a token"
        className="form grid"
      >
        <Field
          name="name"
          label="Name"
          isRequired
          idPrefix="token"
          value={typed?.text("name")}
          placeholder="ci"
        />
        <Select
          name="role"
          label="Role"
          options={ROLE_OPTIONS}
          idPrefix="token"
          value={typed?.text("role") ?? "viewer"}
        />
        <Field
          name="ttl"
          label="Works for"
          idPrefix="token"
          value={typed?.text("ttl")}
          placeholder={`${DEFAULT_TOKEN_TTL_MS / DAY_MS}d`}
        />
        <div class="form-end">
          <Button>Make it</Button>
        </div>
      </ActionForm>
    </details>
  );
}

import { PERSON_ROLES, personRoleSchema } from "../../../shared/rest/roles.ts";
import type { SessionInfo } from "../../../shared/rest/session.ts";
import { type ApiToken, DEFAULT_TOKEN_TTL_MS } from "../../../shared/rest/tokens.ts";
import { MIN_PASSWORD_LENGTH, type User } from "../../../shared/rest/users.ts";
import { parseDuration } from "../../../shared/terminal/duration.ts";
import { ApiError } from "../../api/api_error.ts";
import { ActionForm, Button, Field, Select } from "../components/form.tsx";
import { Empty, Notice } from "../components/notice.tsx";
import { Facts, Panel } from "../components/panel.tsx";
import { Status } from "../components/status.tsx";
import { Table } from "../components/table.tsx";
import { Command, Word } from "../components/text.tsx";
import { Time } from "../components/time.tsx";
import type { Form } from "../form.ts";
import { type Action, definePage, type PageContext, type View } from "../page.ts";

const ROWS = 500;
const DAY_MS = 86_400_000;
const ROLE_OPTIONS = PERSON_ROLES.map((role) => [role, role] as const);

/** One's own account; for administrators everybody's. */
export const settingsPage = definePage({
  path: "/settings",
  permission: "self",
  nav: { section: "Server", label: "Settings" },
  view: (context) => show(context),
  actions: {
    password: {
      permission: "self",
      run: async ({ call }, form) => {
        const password = form.raw("password");
        if (password !== form.raw("again")) {
          throw new ApiError(400, "The new password was not typed the same twice");
        }
        await call("sessionPassword", { body: { current: form.raw("current"), password } });
        return {
          goTo: "/settings",
          say: "Your password is changed; your other sessions have ended.",
        };
      },
    },
    "end-session": {
      permission: "self",
      run: async ({ call }, form) => {
        const { ended } = await call("sessionEnd", { params: { id: form.text("id") } });
        return {
          goTo: "/settings",
          say: ended ? "That session has ended." : "It had ended already.",
        };
      },
    },
    "create-token": {
      permission: "self",
      run: async (context, form) => {
        const { token, info } = await context.call("tokenCreate", {
          body: { name: form.text("name"), role: readRole(form), ttlMs: readTtl(form) },
        });
        return { show: await show(context, { name: info.name, token }) };
      },
    },
    "revoke-token": {
      permission: "self",
      run: async ({ call }, form) => {
        const { name } = await call("tokenRevoke", { params: { id: form.text("id") } });
        return { goTo: "/settings", say: `The token ${name} works no more.` };
      },
    },
    "add-user": {
      permission: "admin",
      run: async ({ call }, form) => {
        const { name, role } = await call("userAdd", {
          body: { name: form.text("name"), role: readRole(form), password: form.raw("password") },
        });
        return { goTo: "/settings", say: `${name} may log in as ${role}.` };
      },
    },
    "user-role": {
      permission: "admin",
      run: async ({ call }, form) => {
        const { name, role } = await call("userRole", {
          params: { name: form.text("name") },
          body: { role: readRole(form) },
        });
        return { goTo: "/settings", say: `${name} is ${role} now.` };
      },
    },
    "user-password": {
      permission: "admin",
      run: async ({ call }, form) => {
        const { name } = await call("userPassword", {
          params: { name: form.text("name") },
          body: { password: form.raw("password") },
        });
        return {
          goTo: "/settings",
          say: `${name} has a new password, and the old sessions have ended.`,
        };
      },
    },
    "disable-user": userAction("userDisable", (name) => `${name} may no longer log in.`),
    "enable-user": userAction("userEnable", (name) => `${name} may log in again.`),
    "remove-user": {
      permission: "admin",
      run: async ({ call }, form) => {
        const { name } = await call("userRemove", { params: { name: form.text("name") } });
        return { goTo: "/settings", say: `${name} is removed.` };
      },
    },
  },
});

function userAction(
  endpoint: "userDisable" | "userEnable",
  say: (name: string) => string,
): Action {
  return {
    permission: "admin",
    run: async ({ call }, form) => {
      const { name } = await call(endpoint, { params: { name: form.text("name") }, body: {} });
      return { goTo: "/settings", say: say(name) };
    },
  };
}

/** @throws {ApiError} 400 for a word that is no role. */
function readRole(form: Form) {
  const role = personRoleSchema.safeParse(form.text("role"));
  if (!role.success) {
    throw new ApiError(400, `Cannot give the role "${form.text("role")}": choose one of the list`);
  }
  return role.data;
}

/** @throws {ApiError} 400 for what is no duration. */
function readTtl(form: Form): number {
  const text = form.given("ttl");
  if (text === undefined) return DEFAULT_TOKEN_TTL_MS;
  try {
    return parseDuration(text);
  } catch (error) {
    throw new ApiError(400, error instanceof Error ? error.message : String(error));
  }
}

/** @param created a token that was made just now: it is shown this once. */
async function show(
  context: PageContext,
  created?: { readonly name: string; readonly token: string },
): Promise<View> {
  const { call, may } = context;
  const who = await call("sessionShow");
  const { sessions } = await call("sessionList");
  const { tokens } = await call("tokenList", { query: { limit: ROWS } });
  return {
    title: "Settings",
    rest: "/session",
    body: (
      <>
        {created && (
          <Notice kind="good">
            The token <Word>{created.name}</Word>, shown this once:{" "}
            <code class="command">{created.token}</code>
          </Notice>
        )}
        <Panel title="You">
          <Facts
            facts={[
              ["Name", <Word>{who.user ?? who.principal}</Word>],
              ["Role", who.role],
              [
                "Session ends unless used",
                <Time ms={who.endsAtMs} nowMs={context.nowMs} none="not by itself" />,
              ],
            ]}
          />
        </Panel>
        {sessions.length > 0 && <Sessions sessions={sessions} context={context} />}
        {context.principal.kind === "user" && <PasswordForm context={context} />}
        <Tokens tokens={tokens} context={context} />
        {may("admin") && <People context={context} />}
      </>
    ),
  };
}

function Sessions({ sessions, context: { nowMs, csrfToken } }: {
  sessions: readonly SessionInfo[];
  context: PageContext;
}) {
  return (
    <Panel title="Your sessions" tools={<a href="/api/v1/sessions">JSON</a>}>
      <Table
        label="Your sessions"
        rows={sessions}
        columns={[
          {
            name: "Session",
            isHeading: true,
            cell: ({ id, current }) => (
              <span>
                <code>{id}</code> {current && <Status kind="ok">this one</Status>}
              </span>
            ),
          },
          { name: "Begun", cell: ({ createdAtMs }) => <Time ms={createdAtMs} nowMs={nowMs} /> },
          { name: "Used", cell: ({ activeAtMs }) => <Time ms={activeAtMs} nowMs={nowMs} /> },
          {
            name: "Do",
            cell: ({ id, current }) =>
              current ? null : (
                <ActionForm
                  action="end-session"
                  csrfToken={csrfToken}
                  label={`End session ${id}`}
                  className="in-row"
                >
                  <input type="hidden" name="id" value={id} />
                  <Button kind="small">End it</Button>
                </ActionForm>
              ),
          },
        ]}
      />
    </Panel>
  );
}

function PasswordForm({ context: { csrfToken, principal } }: { context: PageContext }) {
  const name = principal.kind === "user" ? principal.user : "";
  const hint = `At least ${MIN_PASSWORD_LENGTH} characters`;
  return (
    <Panel title="Your password">
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
    </Panel>
  );
}

const TOKEN_KINDS = { valid: "ok", expired: "none", revoked: "none" } as const;

function Tokens({ tokens, context: { nowMs, csrfToken, rejected } }: {
  tokens: readonly ApiToken[];
  context: PageContext;
}) {
  const typed = rejected?.action === "create-token" ? rejected.form : undefined;
  return (
    <Panel title="API tokens" tools={<a href="/api/v1/tokens">JSON</a>}>
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
    </Panel>
  );
}

async function People({ context }: { context: PageContext }) {
  const { call, csrfToken, nowMs, rejected } = context;
  const { users } = await call("userList", { query: { limit: ROWS } });
  const typed = rejected?.action === "add-user" ? rejected.form : undefined;
  return (
    <Panel title="People" tools={<a href="/api/v1/users">JSON</a>}>
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
    </Panel>
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

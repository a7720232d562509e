import { PasswordForm } from "../components/password_form.tsx";
import { PeopleRows, PersonForm } from "../components/people_rows.tsx";
import { Notice } from "../components/notice.tsx";
import { Pager } from "../components/pager.tsx";
import { Facts, Panel } from "../components/panel.tsx";
import { SessionRows } from "../components/session_rows.tsx";
import { Word } from "../components/text.tsx";
import { Time } from "../components/time.tsx";
import { TokenForm, TokenRows } from "../components/token_rows.tsx";
import { definePage, type PageContext, type View } from "../page.ts";
import { accountActions, type CreatedToken, createToken } from "./account_actions.ts";
import { peopleActions } from "./people_actions.ts";

const ROWS = 100;

/** One's own account; for administrators everybody's. */
export const settingsPage = definePage({
  path: "/settings",
  permission: "self",
  nav: { section: "Server", label: "Settings" },
  view: (context) => show(context),
  actions: { ...accountActions, "create-token": createToken(show), ...peopleActions },
});

/** @param created a token that was made just now: it is shown this once. */
async function show(
  context: PageContext,
  created?: CreatedToken,
): Promise<View> {
  const { call, csrfToken, may, nowMs, principal, query, rejected, url } = context;
  const who = await call("sessionShow");
  const { sessions } = await call("sessionList");
  const { tokens, nextCursor } = await call("tokenList", { query: page(query("tokens")) });
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
                <Time ms={who.endsAtMs} nowMs={nowMs} none="not by itself" />,
              ],
            ]}
          />
        </Panel>
        {sessions.length > 0 && (
          <Panel title="Your sessions" tools={<a href="/api/v1/sessions">JSON</a>}>
            <SessionRows sessions={sessions} nowMs={nowMs} csrfToken={csrfToken} />
          </Panel>
        )}
        {principal.kind === "user" && (
          <Panel title="Your password">
            <PasswordForm name={principal.user} csrfToken={csrfToken} />
          </Panel>
        )}
        <Panel title="API tokens" id="tokens" tools={<a href="/api/v1/tokens">JSON</a>}>
          <TokenRows tokens={tokens} nowMs={nowMs} csrfToken={csrfToken} />
          <Pager url={url} nextCursor={nextCursor} shown={tokens.length} list="tokens" />
          <TokenForm
            csrfToken={csrfToken}
            typed={rejected?.action === "create-token" ? rejected.form : undefined}
          />
        </Panel>
        {may("admin") && <People context={context} />}
      </>
    ),
  };
}

async function People({ context: { call, csrfToken, nowMs, query, rejected, url } }: {
  context: PageContext;
}) {
  const { users, nextCursor } = await call("userList", { query: page(query("people")) });
  return (
    <Panel title="People" id="people" tools={<a href="/api/v1/users">JSON</a>}>
      <PeopleRows users={users} nowMs={nowMs} csrfToken={csrfToken} />
      <Pager url={url} nextCursor={nextCursor} shown={users.length} list="people" />
      <PersonForm
        csrfToken={csrfToken}
        typed={rejected?.action === "add-user" ? rejected.form : undefined}
      />
    </Panel>
  );
}

/** Which page of a list is asked for. */
function page(cursor: string) {
  return { limit: ROWS, ...(cursor === "" ? {} : { cursor }) };
}

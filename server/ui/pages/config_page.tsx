import { ApiError } from "../../api/api_error.ts";
import { type Comparison, CompiledDifference } from "../components/compiled_difference.tsx";
import { type ConfigStatus, LiveVersion } from "../components/live_version.tsx";
import { Empty, Notice } from "../components/notice.tsx";
import { Pager } from "../components/pager.tsx";
import { Panel } from "../components/panel.tsx";
import { RollbackForm } from "../components/rollback_form.tsx";
import { Command, Word } from "../components/text.tsx";
import { CompareForm, VersionRows } from "../components/version_rows.tsx";
import { describeFailure, type Failure } from "../describe_failure.ts";
import { href } from "../href.ts";
import { definePage, type PageContext } from "../page.ts";

const ROWS = 25;
/** What a comparison names instead of a version: the files that a publish would make live. */
const STAGED = "staged";

/** What is live, what was before, what a version would change, and the way back. */
export const configPage = definePage({
  path: "/config",
  permission: "fleet.read",
  nav: { section: "Server", label: "Config" },
  view: async (context) => {
    const { call, query, url } = context;
    const status = await call("configStatus");
    const to = query("to");
    const compared = to === "" ? undefined : await compare(context, query("from"), to);
    return {
      ...(compared !== undefined && "status" in compared ? { status: compared.status } : {}),
      title: "Config",
      rest: to === "" ? "/config/status" : "/config/diff",
      body: (
        <>
          <Warnings status={status} />
          {compared === undefined
            ? (
              <>
                <LiveVersion
                  status={status}
                  nowMs={context.nowMs}
                  mayPublish={context.may("config.publish")}
                  csrfToken={context.csrfToken}
                />
                <Versions context={context} status={status} />
              </>
            )
            : "status" in compared
            ? (
              <Empty title={compared.message}>
                <p>
                  <a href="/config">Back to the versions</a>
                </p>
              </Empty>
            )
            : (
              <Compared
                context={context}
                status={status}
                compared={compared}
                from={query("from")}
                to={to}
                url={url}
              />
            )}
        </>
      ),
    };
  },
  actions: {
    rollback: {
      words: "Roll back to an earlier version",
      isDangerous: true,
      permission: "config.publish",
      run: async ({ call }, form) => {
        const [from, to] = [form.text("from"), form.text("to")];
        if (to === "") throw new ApiError(400, "Not rolled back: choose the version to go back to");
        const { version } = await call("configRollback", {
          body: {
            version: to,
            message: form.text("message"),
            reviewed: { from: from === "" ? null : from, to },
            allowRefused: form.has("allowRefused"),
          },
        });
        return { goTo: "/config", say: `Version ${version.slice(0, 12)} is live again.` };
      },
    },
    unfreeze: {
      words: "End the freeze",
      permission: "config.publish",
      run: async ({ call }) => {
        await call("configUnfreeze", { body: {} });
        return { goTo: "/config", say: "The freeze is over." };
      },
    },
  },
});

function Warnings({ status: { problem } }: { status: ConfigStatus }) {
  return problem === null ? null : (
    <Notice kind="bad">
      <Word>{problem}</Word>
    </Notice>
  );
}

async function Versions({ context, status }: { context: PageContext; status: ConfigStatus }) {
  const { call, query, url, nowMs } = context;
  const cursor = query("cursor");
  const { versions, nextCursor } = await call("configHistory", {
    query: { limit: ROWS, ...(cursor === "" ? {} : { cursor }) },
  });
  if (versions.length === 0) return null;
  return (
    <Panel title="Versions" tools={<a href="/api/v1/config/history">JSON</a>}>
      <VersionRows versions={versions} live={status.live?.version} url={url} nowMs={nowMs} />
      <Pager url={url} nextCursor={nextCursor} shown={versions.length} />
      <CompareForm versions={versions} />
    </Panel>
  );
}

function Compared({ context, status, compared, from, to, url }: {
  context: PageContext;
  status: ConfigStatus;
  compared: Comparison;
  from: string;
  to: string;
  url: URL;
}) {
  const canRollBack = context.may("config.publish") && to !== STAGED && from === "" &&
    compared.to !== status.live?.version && compared.problems.length === 0;
  return (
    <>
      <p class="jump">
        <a href="/config">All versions</a>
        {from !== "" && to !== STAGED && (
          <a href={href(url, { from: to, to: from })}>The other way round</a>
        )}
      </p>
      <CompiledDifference compared={compared} isStaged={to === STAGED} />
      {to === STAGED && compared.problems.length === 0 && compared.changes.length > 0 && (
        <p>
          Publishing reads these files on the server's host:{" "}
          <Command>vigocli config publish</Command>
        </p>
      )}
      {canRollBack && (
        <RollbackForm
          compared={compared}
          csrfToken={context.csrfToken}
          message={context.rejected?.form.text("message")}
        />
      )}
    </>
  );
}

async function compare(
  { call }: PageContext,
  from: string,
  to: string,
): Promise<Comparison | Failure> {
  try {
    return await call("configDiff", {
      body: { ...(from === "" ? {} : { from }), ...(to === STAGED ? {} : { version: to }) },
    });
  } catch (error) {
    const failure = describeFailure(error);
    if (failure === undefined || failure.status === 403) throw error;
    return failure;
  }
}

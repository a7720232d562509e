import type { ConfigVersion, HostChange } from "../../../shared/rest/config.ts";
import type { configDiff } from "../../../shared/rest/config.ts";
import type { configStatus } from "../../../shared/rest/config_views.ts";
import type { z } from "zod";
import { counted } from "../../../shared/terminal/counted.ts";
import { Diff } from "../components/diff.tsx";
import { ActionForm, Button, Field } from "../components/form.tsx";
import { Empty, Notice } from "../components/notice.tsx";
import { Pager } from "../components/pager.tsx";
import { Facts, Figure, Figures, Panel } from "../components/panel.tsx";
import { Status } from "../components/status.tsx";
import { Table } from "../components/table.tsx";
import { Command, ShortId, Word } from "../components/text.tsx";
import { Time } from "../components/time.tsx";
import { describeFailure } from "../describe_failure.ts";
import { href } from "../href.ts";
import { definePage, type PageContext } from "../page.ts";

const ROWS = 25;
/** What a comparison names instead of a version: the files that a publish would make live. */
const STAGED = "staged";
/** Differences that stand open from the beginning. */
const OPEN_AT_FIRST = 10;

type ConfigStatus = z.output<typeof configStatus.answer>;
type Comparison = z.output<typeof configDiff.answer>;

/** What is live, what was before, what a version would change, and the way back. */
export const configPage = definePage({
  path: "/config",
  permission: "fleet.read",
  nav: { section: "Server", label: "Config" },
  view: async (context) => {
    const { call, query, url } = context;
    const status = await call("configStatus");
    const to = query("to");
    return {
      title: "Config",
      rest: to === "" ? "/config/status" : "/config/diff",
      body: (
        <>
          <Warnings status={status} />
          {to === ""
            ? (
              <>
                <LiveVersion status={status} context={context} />
                <Versions context={context} status={status} />
              </>
            )
            : <Compared context={context} status={status} from={query("from")} to={to} url={url} />}
        </>
      ),
    };
  },
  actions: {
    rollback: {
      permission: "config.publish",
      run: async ({ call }, form) => {
        const [from, to] = [form.text("from"), form.text("to")];
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

function LiveVersion({ status, context }: { status: ConfigStatus; context: PageContext }) {
  const { live, tree, hosts, staged, freeze, refused } = status;
  const { nowMs, may, csrfToken } = context;
  if (live === null) {
    return (
      <Empty title="Nothing is published yet.">
        <p>
          Write what the machines should be below{" "}
          <code>/srv/vigo/stacks/</code>, or begin with an example:{" "}
          <Command>vigocli config examples copy small-fleet</Command>
        </p>
        <p>
          Then <Command>vigocli config validate</Command> and{" "}
          <Command>vigocli config publish -m 'first policy'</Command>
        </p>
      </Empty>
    );
  }
  return (
    <Panel title="Live">
      {freeze && (
        <Notice kind="warn">
          Frozen until <Time ms={freeze.untilMs} nowMs={nowMs} /> by <Word>{freeze.frozenBy}</Word>:
          {" "}
          <Word>{freeze.reason}</Word>
          {may("config.publish") && (
            <ActionForm
              action="unfreeze"
              csrfToken={csrfToken}
              label="End the freeze"
              className="form inline"
            >
              <Button kind="small">End it now</Button>
            </ActionForm>
          )}
        </Notice>
      )}
      <Figures>
        <Figure
          label="Up to date"
          value={hosts.upToDate}
          note={`of ${counted(hosts.total, "envoy")}`}
          kind="ok"
        />
        <Figure
          label="Pending"
          value={hosts.pending}
          href="/envoys?sort=policy"
          kind={hosts.pending > 0 ? "busy" : "none"}
        />
        <Figure
          label="Refused"
          value={hosts.refused}
          href="/envoys?sort=policy"
          kind={hosts.refused > 0 ? "bad" : "none"}
        />
        <Figure label="Matched by nothing" value={hosts.unmatched} kind="none" />
        {tree && (
          <Figure
            label="Resources"
            value={tree.resources}
            note={`in ${counted(tree.configcrates, "crate")}`}
          />
        )}
      </Figures>
      <div class="facts-below">
        <Facts
          facts={[
            ["Version", <ShortId id={live.version} length={16} />],
            ["Published", <Time ms={live.publishedAtMs} nowMs={nowMs} />],
            ["By", <Word>{live.publishedBy}</Word>],
            ["Message", live.message === "" ? "–" : <Word>{live.message}</Word>],
            [
              "Staged files",
              staged.changed
                ? <a href="/config?to=staged">differ from what is live</a>
                : "are what is live",
            ],
          ]}
        />
      </div>
      {refused.length > 0 && (
        <Table
          label="Envoys that the live version does not compile for"
          rows={refused}
          columns={[
            {
              name: "Envoy",
              isHeading: true,
              cell: ({ hostname }) => (
                <a href={`/envoys/${encodeURIComponent(hostname)}`}>
                  <Word>{hostname}</Word>
                </a>
              ),
            },
            { name: "Why", cell: ({ problem }) => <Word>{problem}</Word> },
          ]}
        />
      )}
    </Panel>
  );
}

async function Versions({ context, status }: { context: PageContext; status: ConfigStatus }) {
  const { call, query, url, nowMs } = context;
  const cursor = query("cursor");
  const { versions, nextCursor } = await call("configHistory", {
    query: { limit: ROWS, ...(cursor === "" ? {} : { cursor }) },
  });
  if (versions.length === 0) return null;
  const live = status.live?.version;
  return (
    <Panel title="Versions" tools={<a href="/api/v1/config/history">JSON</a>}>
      <Table
        label="Versions"
        rows={versions}
        columns={[
          {
            name: "Version",
            isHeading: true,
            cell: (version) => <VersionName version={version} />,
          },
          {
            name: "Message",
            cell: ({ message }) =>
              message === "" ? <span class="quiet">–</span> : <Word>{message}</Word>,
          },
          { name: "By", cell: ({ publishedBy }) => <Word>{publishedBy}</Word> },
          {
            name: "Published",
            cell: ({ publishedAtMs }) => <Time ms={publishedAtMs} nowMs={nowMs} />,
          },
          {
            name: "Compare",
            cell: ({ version }) => {
              const at = versions.findIndex((one) => one.version === version);
              const before = versions.slice(at + 1).find((one) => one.version !== version);
              return (
                <span class="hosts">
                  {before && (
                    <a href={href(url, { from: before.version, to: version, cursor: undefined })}>
                      what it changed
                    </a>
                  )}
                  {version !== live && (
                    <a href={href(url, { from: undefined, to: version, cursor: undefined })}>
                      with live
                    </a>
                  )}
                </span>
              );
            },
          },
        ]}
      />
      <Pager url={url} nextCursor={nextCursor} shown={versions.length} />
      <CompareForm versions={versions} />
    </Panel>
  );
}

function VersionName({ version: { version, live, rollbackOf } }: { version: ConfigVersion }) {
  return (
    <span>
      <ShortId id={version} /> {live && <Status kind="ok">live</Status>}
      {rollbackOf !== null && <span class="quiet">put back</span>}
    </span>
  );
}

function CompareForm({ versions }: { versions: readonly ConfigVersion[] }) {
  const options = versions.map(({ version, message }) =>
    [version, `${version.slice(0, 12)} ${message.slice(0, 40)}`] as const
  );
  return (
    <form class="filter compare" aria-label="Compare two versions">
      {(["from", "to"] as const).map((name) => (
        <div class="field narrow">
          <label for={`compare-${name}`}>{name === "from" ? "Compare" : "with"}</label>
          <select id={`compare-${name}`} name={name}>
            {options.map(([value, text], at) => (
              <option value={value} selected={at === (name === "from" ? 1 : 0)}>{text}</option>
            ))}
          </select>
        </div>
      ))}
      <Button>Compare</Button>
    </form>
  );
}

async function Compared({ context, status, from, to, url }: {
  context: PageContext;
  status: ConfigStatus;
  from: string;
  to: string;
  url: URL;
}) {
  const compared = await compare(context, from, to);
  if (typeof compared === "string") {
    return (
      <Empty title={compared}>
        <p>
          <a href="/config">Back to the versions</a>
        </p>
      </Empty>
    );
  }
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
      <Difference compared={compared} isStaged={to === STAGED} />
      {to === STAGED && compared.problems.length === 0 && compared.changes.length > 0 && (
        <p>
          Publishing reads these files on the server's host:{" "}
          <Command>vigocli config publish</Command>
        </p>
      )}
      {canRollBack && <RollbackForm context={context} compared={compared} />}
    </>
  );
}

async function compare(
  { call }: PageContext,
  from: string,
  to: string,
): Promise<Comparison | string> {
  try {
    return await call("configDiff", {
      body: { ...(from === "" ? {} : { from }), ...(to === STAGED ? {} : { version: to }) },
    });
  } catch (error) {
    const failure = describeFailure(error);
    if (failure === undefined || failure.status === 403) throw error;
    return failure.message;
  }
}

function Difference({ compared, isStaged }: { compared: Comparison; isStaged: boolean }) {
  const { from, to, changes, unchangedHosts, warnings, problems, refusedHosts } = compared;
  const changed = changes.reduce((sum, { hosts }) => sum + hosts.length, 0);
  return (
    <Panel
      title="Compiled difference"
      note={
        <span>
          {from === null ? "nothing" : <ShortId id={from} />} →{" "}
          {isStaged ? "the staged files" : <ShortId id={to} />}
        </span>
      }
    >
      {problems.length > 0 && (
        <Notice kind="bad">
          <ul>
            {problems.map(({ file, line, column, message }) => (
              <li>
                <code>{file}:{line}:{column}</code> <Word>{message}</Word>
              </li>
            ))}
          </ul>
        </Notice>
      )}
      {warnings.map((warning) => (
        <Notice kind="warn">
          <Word>{warning}</Word>
        </Notice>
      ))}
      <p class="quiet">
        {counted(changed, "envoy")} would change, {unchangedHosts} would not
        {refusedHosts > 0 ? `, and it compiles for ${refusedHosts} not at all` : ""}.
      </p>
      {changes.map((change, at) => <HostGroup change={change} isOpen={at < OPEN_AT_FIRST} />)}
    </Panel>
  );
}

function HostGroup({ change: { hosts, changes, problems }, isOpen }: {
  change: HostChange;
  isOpen: boolean;
}) {
  const [first = ""] = hosts;
  return (
    <details class="fold" open={isOpen}>
      <summary>
        <strong>{counted(hosts.length, "envoy")}</strong>
        <span class="quiet">
          <Word>
            {hosts.length === 1
              ? first
              : `${hosts.slice(0, 5).join(", ")}${hosts.length > 5 ? " …" : ""}`}
          </Word>
        </span>
        <span class="quiet">{counted(changes.length, "resource")}</span>
      </summary>
      <div class="fold-body">
        {problems.map((problem) => (
          <Notice kind="bad">
            <Word>{problem}</Word>
          </Notice>
        ))}
        {changes.map(({ id, change, crate, diff }) => (
          <div>
            <p>
              <Status kind={change === "removed" ? "warn" : "busy"}>{change}</Status>{" "}
              <Word mono>{id}</Word>{" "}
              <span class="quiet">
                <Word>{crate}</Word>
              </span>
            </p>
            <Diff text={diff} label={`What changes of ${id}`} />
          </div>
        ))}
      </div>
    </details>
  );
}

function RollbackForm({ context: { csrfToken, rejected }, compared }: {
  context: PageContext;
  compared: Comparison;
}) {
  return (
    <Panel title="Make this version live again">
      <ActionForm action="rollback" csrfToken={csrfToken} label="Roll back" className="form inline">
        <input type="hidden" name="from" value={compared.from ?? ""} />
        <input type="hidden" name="to" value={compared.to} />
        <Field
          name="message"
          label="Message"
          maxLength={500}
          value={rejected?.form.text("message")}
        />
        {compared.matchedHosts > 0 && compared.refusedHosts >= compared.matchedHosts && (
          <label>
            <input type="checkbox" name="allowRefused" value="yes" />{" "}
            although it compiles for nobody
          </label>
        )}
        <Button kind="main" ask="Make this version live on the whole fleet?">Roll back</Button>
      </ActionForm>
    </Panel>
  );
}

import type { AuditRecord } from "../../../shared/rest/audit.ts";
import { Button } from "../components/form.tsx";
import { Empty, Notice } from "../components/notice.tsx";
import { Pager } from "../components/pager.tsx";
import { Table } from "../components/table.tsx";
import { ShortId, Word } from "../components/text.tsx";
import { Time } from "../components/time.tsx";
import { definePage, type PageContext } from "../page.ts";

const ROWS = 100;
/** How far back the list goes, by what a reader chooses. */
const SPANS = [["", "ever"], ["3600000", "the last hour"], ["86400000", "the last day"], [
  "604800000",
  "the last week",
]] as const;

/** Who did what, in a chain that shows when it was changed. */
export const auditPage = definePage({
  path: "/audit",
  permission: "admin",
  nav: { section: "Server", label: "Audit" },
  view: async (context) => {
    const { query, url, nowMs } = context;
    const { records, unreadable, nextCursor } = await list(context);
    return {
      title: "Audit",
      rest: "/audit",
      body: (
        <>
          {query("verify") === "yes" && <Verdict context={context} />}
          <Filter context={context} />
          {unreadable.length > 0 && (
            <Notice kind="bad">
              {unreadable.length === 1 ? "Record" : "Records"} {unreadable.join(", ")}{" "}
              cannot be read any more.
            </Notice>
          )}
          {records.length === 0 ? <Empty title="No record fits." /> : (
            <>
              <Records records={records} nowMs={nowMs} />
              <Pager url={url} nextCursor={nextCursor} shown={records.length} />
            </>
          )}
        </>
      ),
    };
  },
});

async function list({ call, query, nowMs }: PageContext) {
  const [principal, action, cursor] = [query("principal"), query("action"), query("cursor")];
  const span = SPANS.find(([value]) => value === query("span"))?.[0] ?? "";
  return await call("auditList", {
    query: {
      limit: ROWS,
      ...(principal === "" ? {} : { principal }),
      ...(action === "" ? {} : { action }),
      ...(span === "" ? {} : { since: Math.max(0, nowMs - Number(span)) }),
      ...(cursor === "" ? {} : { cursor }),
    },
  });
}

async function Verdict({ context: { call, query } }: { context: PageContext }) {
  const head = query("head");
  const verdict = await call("auditVerify", { query: head === "" ? {} : { head } });
  return verdict.intact
    ? (
      <Notice kind="good">
        The chain is intact: {verdict.records} records, each fits the one before
        {head === "" ? "" : ", and the head you named is still in it"}. Keep its head elsewhere:
        {" "}
        <code class="command">{verdict.records}:{verdict.headHash}</code>
      </Notice>
    )
    : (
      <Notice kind="bad">
        The chain is broken{verdict.brokenAt === null ? "" : ` at record ${verdict.brokenAt}`}:{" "}
        <Word>{verdict.reason}</Word>
      </Notice>
    );
}

function Filter({ context: { query } }: { context: PageContext }) {
  return (
    <div class="audit-tools">
      <form class="filter" role="search" aria-label="Filter records">
        <div class="field">
          <label for="filter-principal">Who</label>
          <input
            id="filter-principal"
            name="principal"
            type="search"
            value={query("principal")}
            maxlength={128}
            placeholder="user:ann"
            class="mono"
            autocomplete="off"
          />
        </div>
        <div class="field">
          <label for="filter-action">What</label>
          <input
            id="filter-action"
            name="action"
            type="search"
            value={query("action")}
            maxlength={64}
            placeholder="envoy. or task.run"
            class="mono"
            autocomplete="off"
          />
        </div>
        <div class="field narrow">
          <label for="filter-span">Since</label>
          <select id="filter-span" name="span">
            {SPANS.map(([value, text]) => (
              <option value={value} selected={value === query("span")}>{text}</option>
            ))}
          </select>
        </div>
        <Button>Filter</Button>
      </form>
      <form class="filter" aria-label="Verify the chain">
        <input type="hidden" name="verify" value="yes" />
        <div class="field">
          <label for="verify-head">A head that you kept</label>
          <input
            id="verify-head"
            name="head"
            value={query("head")}
            maxlength={96}
            placeholder="1234:9f2c…, or empty"
            class="mono"
            autocomplete="off"
          />
        </div>
        <Button kind="main">Verify the chain</Button>
      </form>
    </div>
  );
}

function Records({ records, nowMs }: { records: readonly AuditRecord[]; nowMs: number }) {
  return (
    <Table
      label="Audit records"
      rows={records}
      rowId={({ seq }) => `record-${seq}`}
      columns={[
        { name: "No.", isHeading: true, isNumber: true, cell: ({ seq }) => seq },
        { name: "When", cell: ({ atMs }) => <Time ms={atMs} nowMs={nowMs} /> },
        { name: "Who", isLong: true, cell: ({ principal }) => <Word>{principal}</Word> },
        { name: "What", cell: ({ action }) => <code>{action}</code> },
        { name: "About", isLong: true, cell: ({ payload }) => <About payload={payload} /> },
        { name: "Hash", cell: ({ hash }) => <ShortId id={hash} length={8} /> },
      ]}
    />
  );
}

/** Longest value shown in a row, in characters. */
const MAX_VALUE = 160;
/** What nobody reads to its end. */
const DIGEST = /^[0-9a-f]{40,}$/;

function About({ payload }: { payload: AuditRecord["payload"] }) {
  const entries = Object.entries(payload).filter(([, value]) => value !== "" && value !== null);
  if (entries.length === 0) return <span class="quiet">–</span>;
  return (
    <span class="about">
      {entries.map(([name, value]) => {
        const text = typeof value === "string" ? value : JSON.stringify(value);
        return (
          <span>
            <span class="quiet">{name}</span> {DIGEST.test(text)
              ? <ShortId id={text} />
              : <Word>{text.length > MAX_VALUE ? `${text.slice(0, MAX_VALUE)}…` : text}</Word>}
          </span>
        );
      })}
    </span>
  );
}

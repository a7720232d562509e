import type { z } from "zod";
import type { poolqStatus, QueueTopic } from "../../../shared/rest/poolq.ts";
import { formatBytes } from "../../../shared/terminal/bytes.ts";
import { formatDuration } from "../../../shared/terminal/duration.ts";
import { ApiError } from "../../api/api_error.ts";
import { ActionForm, Button, Field, Select } from "../components/form.tsx";
import { Live } from "../components/live.tsx";
import { Empty, Notice } from "../components/notice.tsx";
import { Pager } from "../components/pager.tsx";
import { Figure, Figures, Panel } from "../components/panel.tsx";
import { Status } from "../components/status.tsx";
import { Table } from "../components/table.tsx";
import { Command, ShortId, Word } from "../components/text.tsx";
import { Time } from "../components/time.tsx";
import { path } from "../href.ts";
import { type Action, definePage, type PageContext } from "../page.ts";

const ROWS = 100;

type QueueStatus = z.output<typeof poolqStatus.answer>;
type Block = QueueStatus["blocks"][number];

/** The fleet's queues: what is written where, what is blocked. */
export const poolqPage = definePage({
  path: "/swarm/poolq",
  permission: "fleet.view",
  nav: { section: "Swarm", label: "Poolq" },
  view: async (context) => {
    const { call, query, url, may } = context;
    const cursor = query("cursor");
    const status = await call("poolqStatus");
    const { topics, nextCursor } = await call("poolqTopics", {
      query: { limit: ROWS, ...(cursor === "" ? {} : { cursor }) },
    });
    return {
      title: "Poolq",
      rest: "/swarm/poolq/topics",
      body: (
        <>
          <Live id="queues" url={url}>
            <Totals status={status} />
            <Panel title="Topics">
              {topics.length === 0
                ? (
                  <Empty title="No topic has been written to yet.">
                    <p>
                      On an envoy that carries queues, as any user:{" "}
                      <Command>vigo swarm poolq --help</Command>
                    </p>
                  </Empty>
                )
                : (
                  <>
                    <TopicRows topics={topics} nowMs={context.nowMs} />
                    <Pager
                      url={url}
                      nextCursor={nextCursor}
                      shown={topics.length}
                      total={status.topics}
                    />
                  </>
                )}
            </Panel>
          </Live>
          <Blocks blocks={status.blocks} context={context} />
          {may("fleet.write") && <BlockForm context={context} />}
        </>
      ),
    };
  },
  actions: {
    block: blocking("poolqBlock", "is blocked on the whole fleet"),
    unblock: blocking("poolqUnblock", "is served and shown again"),
  },
});

function blocking(endpoint: "poolqBlock" | "poolqUnblock", what: string): Action {
  return {
    words: endpoint === "poolqBlock"
      ? "Block a topic or a key on the whole fleet"
      : "Unblock a topic or a key",
    ...(endpoint === "poolqBlock" ? { isDangerous: true } : {}),
    permission: "fleet.write",
    run: async ({ call }, form) => {
      const kind = form.text("kind");
      if (kind !== "topic" && kind !== "key") throw new ApiError(400, "Choose a topic or a key");
      const value = form.text("value");
      const reason = endpoint === "poolqBlock" ? { reason: form.text("reason") } : {};
      await call(endpoint, { body: { kind, value, ...reason } });
      return { goTo: "/swarm/poolq", say: `The ${kind} ${value.slice(0, 12)} ${what}.` };
    },
  };
}

function Totals({ status }: { status: QueueStatus }) {
  const { topics, messages, sizeBytes, held, equivocations, envoys, blocks, retentionSecs } =
    status;
  return (
    <>
      {equivocations > 0 && (
        <Notice kind="bad">
          Two messages were signed for one place in{" "}
          {equivocations === 1 ? "a topic" : `${equivocations} topics`}: “signed twice” below.
        </Notice>
      )}
      <Figures>
        <Figure label="Topics" value={topics} />
        <Figure
          label="Messages"
          value={messages}
          note={`kept for ${formatDuration(retentionSecs * 1000)}`}
        />
        <Figure label="Size" value={formatBytes(sizeBytes)} />
        <Figure
          label="Held back"
          value={held}
          note="until their time"
          kind={held > 0 ? "busy" : "none"}
        />
        <Figure label="Envoys" value={envoys} note="carry queues" />
        <Figure label="Blocked" value={blocks.length} kind={blocks.length > 0 ? "warn" : "none"} />
      </Figures>
    </>
  );
}

function TopicRows({ topics, nowMs }: { topics: readonly QueueTopic[]; nowMs: number }) {
  return (
    <Table
      label="Topics"
      rows={topics}
      rowId={({ topicId }) => `topic-${topicId}`}
      columns={[
        { name: "Topic", isHeading: true, isLong: true, cell: ({ name }) => <Word>{name}</Word> },
        { name: "Id", cell: ({ topicId }) => <ShortId id={topicId} /> },
        {
          name: "State",
          cell: ({ blocked, equivocation }) =>
            equivocation !== null
              ? <Status kind="bad" title={`at message ${equivocation.seq}`}>signed twice</Status>
              : blocked
              ? <Status kind="warn">blocked</Status>
              : <Status kind="ok">open</Status>,
        },
        {
          name: "Written from",
          cell: ({ writer, user }) =>
            writer === "" ? <span class="quiet">unknown</span> : (
              <span>
                <a href={path`/envoys/${writer}`}>
                  <Word>{writer}</Word>
                </a>{" "}
                <span class="quiet">
                  <Word>{user}</Word>
                </span>
              </span>
            ),
        },
        {
          name: "Founder",
          isMinor: true,
          cell: ({ founder }) => <ShortId id={founder} length={8} />,
        },
        { name: "Messages", isNumber: true, cell: ({ count }) => count },
        { name: "Last", isNumber: true, cell: ({ headSeq }) => `#${headSeq}` },
        { name: "Size", isNumber: true, cell: ({ sizeBytes }) => formatBytes(sizeBytes) },
        {
          name: "Received",
          cell: ({ receivedAtMs }) => (
            <Time ms={receivedAtMs === 0 ? null : receivedAtMs} nowMs={nowMs} />
          ),
        },
      ]}
    />
  );
}

function Blocks({ blocks, context: { nowMs, csrfToken, may } }: {
  blocks: readonly Block[];
  context: PageContext;
}) {
  if (blocks.length === 0) return null;
  return (
    <Panel title="Blocked">
      <Table
        label="Blocked"
        rows={blocks}
        columns={[
          {
            name: "What",
            isHeading: true,
            cell: ({ kind, value }) => (
              <span>
                {kind} <ShortId id={value} length={16} />
              </span>
            ),
          },
          {
            name: "Reason",
            cell: ({ reason }) =>
              reason === "" ? <span class="quiet">none given</span> : <Word>{reason}</Word>,
          },
          { name: "By", cell: ({ by }) => <Word>{by}</Word> },
          { name: "Since", cell: ({ atMs }) => <Time ms={atMs} nowMs={nowMs} /> },
          {
            name: "Do",
            cell: ({ kind, value }) =>
              !may("fleet.write") ? null : (
                <ActionForm
                  action="unblock"
                  csrfToken={csrfToken}
                  label={`Unblock ${value.slice(0, 12)}`}
                  className="in-row"
                >
                  <input type="hidden" name="kind" value={kind} />
                  <input type="hidden" name="value" value={value} />
                  <Button kind="small">Unblock</Button>
                </ActionForm>
              ),
          },
        ]}
      />
    </Panel>
  );
}

function BlockForm({ context: { csrfToken, rejected } }: { context: PageContext }) {
  const typed = rejected?.action === "block" ? rejected.form : undefined;
  return (
    <details class="more" open={typed !== undefined}>
      <summary>Block a topic or a key</summary>
      <ActionForm
        action="block"
        csrfToken={csrfToken}
        label="Block a topic or a key"
        className="form grid"
      >
        <Select
          name="kind"
          label="What"
          value={typed?.text("kind")}
          options={[["topic", "a topic"], ["key", "everything of a puddle's key"]]}
        />
        <Field
          name="value"
          label="Id or key"
          isMono
          isRequired
          maxLength={64}
          value={typed?.text("value")}
          hint="64 hexadecimal digits"
        />
        <Field name="reason" label="Reason" maxLength={500} value={typed?.text("reason")} />
        <div class="form-end">
          <Button kind="danger">Block on the whole fleet</Button>
        </div>
      </ActionForm>
    </details>
  );
}

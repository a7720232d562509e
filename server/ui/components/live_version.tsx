import type { z } from "zod";
import type { configStatus } from "../../../shared/rest/config_views.ts";
import { counted } from "../../../shared/terminal/counted.ts";
import { path } from "../href.ts";
import { ActionForm, Button } from "./form.tsx";
import { Empty, Notice } from "./notice.tsx";
import { Facts, Figure, Figures, Panel } from "./panel.tsx";
import { Table } from "./table.tsx";
import { Command, ShortId, Word } from "./text.tsx";
import { Time } from "./time.tsx";

export type ConfigStatus = z.output<typeof configStatus.answer>;

/** The live version, how far envoys have come with it, and what holds it up. Ending a freeze is the action `unfreeze`. */
export function LiveVersion({ status, nowMs, mayPublish, csrfToken }: {
  status: ConfigStatus;
  nowMs: number;
  mayPublish: boolean;
  csrfToken: string;
}) {
  const { live, tree, hosts, staged, freeze, refused } = status;
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
          {mayPublish && (
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
                <a href={path`/envoys/${hostname}`}>
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

import type { EnvoyDetail } from "../../../shared/rest/envoys.ts";
import type { SwarmPeer } from "../../../shared/rest/swarm_substrate.ts";
import { formatBytes } from "../../../shared/terminal/bytes.ts";
import { EnvoyAdministration } from "../components/envoy_administration.tsx";
import { EnvoyState } from "../components/envoy_state.tsx";
import { Button } from "../components/form.tsx";
import { HostPolicy } from "../components/host_policy.tsx";
import { Live } from "../components/live.tsx";
import { Empty } from "../components/notice.tsx";
import { Pager } from "../components/pager.tsx";
import { Facts, Panel } from "../components/panel.tsx";
import { RunRows } from "../components/rows.tsx";
import { Status } from "../components/status.tsx";
import { TagEditor } from "../components/tag_editor.tsx";
import { TargetTasks } from "../components/target_tasks.tsx";
import { Command } from "../components/text.tsx";
import { Tree } from "../components/tree.tsx";
import { href, path } from "../href.ts";
import { definePage, type PageContext } from "../page.ts";
import { envoyActions } from "./envoy_actions.ts";
import { listRuns } from "./list_runs.ts";

const RUNS = 10;
const TASKS = 20;

/** One machine: how it is, what it is, what it should be, and what was done to it. */
export const envoyPage = definePage({
  path: "/envoys/:host",
  permission: "fleet.read",
  view: async (context) => {
    const envoy = await context.call("envoyShow", { params: { host: context.param("host") } });
    return {
      title: envoy.hostname,
      rest: path`/envoys/${envoy.hostname}`,
      body: (
        <>
          <nav class="jump" aria-label="On this page">
            {["Tags", "Policy", "Runs", "Tasks", "Swarm", "Traits"].map((part) => (
              <a href={`#${part.toLowerCase()}`}>{part}</a>
            ))}
          </nav>
          <Live id="state" url={context.url}>
            <EnvoyState envoy={envoy} nowMs={context.nowMs} />
          </Live>
          <TagPanel envoy={envoy} context={context} />
          <PolicyPanel envoy={envoy} context={context} />
          <RunPanel envoy={envoy} context={context} />
          <TaskPanel envoy={envoy} context={context} />
          <SwarmPanel envoy={envoy} context={context} />
          <TraitPanel envoy={envoy} context={context} />
          <Administration envoy={envoy} context={context} />
        </>
      ),
    };
  },
  actions: envoyActions,
});

function TagPanel({ envoy: { tags }, context: { csrfToken, may, rejected } }: {
  envoy: EnvoyDetail;
  context: PageContext;
}) {
  return (
    <Panel title="Tags" id="tags" note="target specs see them as tag:NAME=VALUE">
      <TagEditor
        tags={tags}
        canEdit={may("fleet.write")}
        csrfToken={csrfToken}
        typed={rejected?.action === "tag" ? rejected.form.raw("tag") : undefined}
      />
    </Panel>
  );
}

async function PolicyPanel({ envoy, context }: { envoy: EnvoyDetail; context: PageContext }) {
  const status = await context.call("configStatus");
  if (status.live === null) {
    return (
      <Panel title="Policy" id="policy">
        <Empty title="Nothing is published.">
          <p>
            <Command>vigocli config publish -m 'first policy'</Command>
          </p>
        </Empty>
      </Panel>
    );
  }
  if (envoy.state === "revoked") return null;
  const trace = await context.call("configTrace", { query: { host: envoy.hostname } });
  return (
    <Panel
      title="Policy"
      id="policy"
      note="what the live version wants of it, and where that stands"
      tools={<a href={`/api/v1/config/trace?host=${encodeURIComponent(envoy.hostname)}`}>JSON</a>}
    >
      <HostPolicy trace={trace} />
    </Panel>
  );
}

async function RunPanel({ envoy, context: { call, nowMs } }: {
  envoy: EnvoyDetail;
  context: PageContext;
}) {
  const { runs } = await listRuns(call, { host: envoy.uuid }, RUNS);
  return (
    <Panel
      title="Runs"
      id="runs"
      note="that changed something or failed"
      tools={<a href={`/runs?target=${encodeURIComponent(envoy.uuid)}`}>All its runs</a>}
    >
      {runs.length === 0
        ? (
          <Empty title="No run has changed anything yet.">
            <p>
              On the machine, to see what a run would do: <Command>vigo run --dry-run</Command>
            </p>
          </Empty>
        )
        : (
          <RunRows
            runs={runs.slice(0, RUNS)}
            nowMs={nowMs}
            label={`Runs of ${envoy.hostname}`}
            withHost={false}
          />
        )}
    </Panel>
  );
}

async function TaskPanel({ envoy, context: { call, nowMs, may, query, url } }: {
  envoy: EnvoyDetail;
  context: PageContext;
}) {
  const cursor = query("tasks");
  const { tasks, nextCursor } = await call("envoyTasks", {
    params: { host: envoy.uuid },
    query: { limit: TASKS, ...(cursor === "" ? {} : { cursor }) },
  });
  return (
    <Panel
      title="Tasks"
      id="tasks"
      tools={may("push.execute") &&
        <a href={`/tasks?target=${encodeURIComponent(envoy.hostname)}`}>Run a task here</a>}
    >
      {tasks.length === 0 ? <p class="quiet">No task had it as a target.</p> : (
        <>
          <TargetTasks tasks={tasks} nowMs={nowMs} label={`Tasks of ${envoy.hostname}`} />
          <Pager url={url} nextCursor={nextCursor} shown={tasks.length} list="tasks" />
        </>
      )}
    </Panel>
  );
}

async function SwarmPanel({ envoy, context: { call } }: {
  envoy: EnvoyDetail;
  context: PageContext;
}) {
  const { peers } = await call("swarmPeers", { query: { sort: "hostname", limit: 0 } });
  const peer = peers.find(({ uuid }) => uuid === envoy.uuid);
  return (
    <Panel title="Swarm" id="swarm">
      {peer ? <SwarmFacts peer={peer} /> : <p class="quiet">It takes no part in the swarm.</p>}
    </Panel>
  );
}

function SwarmFacts({ peer }: { peer: SwarmPeer }) {
  return (
    <Facts
      facts={[
        [
          "Takes part",
          <Status kind={peer.substrate === "active" ? "ok" : "none"}>{peer.substrate}</Status>,
        ],
        ["Seeds", peer.seeding],
        ["Holds", peer.cached],
        ["Fetches", peer.downloading],
        ["Footprint", formatBytes(peer.footprintBytes)],
      ]}
    />
  );
}

function TraitPanel({ envoy: { traits, hostname }, context: { query, url } }: {
  envoy: EnvoyDetail;
  context: PageContext;
}) {
  const search = query("traits");
  return (
    <Panel title="Traits" id="traits" note="what the machine says of itself">
      <form class="filter" role="search" aria-label="Search traits" action="#traits">
        <div class="field">
          <label for="trait-search">Search</label>
          <input
            id="trait-search"
            type="search"
            name="traits"
            value={search}
            placeholder="distro, eth0, openssl"
            autocomplete="off"
            data-filters={search === "" ? "trait-tree" : undefined}
          />
        </div>
        <Button>Search</Button>
        {search !== "" && (
          <a class="button plain" href={href(url, { traits: undefined })}>Show all</a>
        )}
      </form>
      <Tree data={traits} id="trait-tree" search={search} label={`Traits of ${hostname}`} />
    </Panel>
  );
}

function Administration({ envoy, context: { may, csrfToken, rejected } }: {
  envoy: EnvoyDetail;
  context: PageContext;
}) {
  if (!may("push.execute") || envoy.state === "revoked") return null;
  return (
    <Panel title="Do" id="do">
      <EnvoyAdministration
        envoy={envoy}
        mayAdminister={may("admin")}
        csrfToken={csrfToken}
        revoking={rejected?.action === "revoke"
          ? { reason: rejected.form.text("reason") }
          : undefined}
      />
    </Panel>
  );
}

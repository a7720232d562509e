import type { EnvoyDetail } from "../../../shared/rest/envoys.ts";
import type { SwarmPeer } from "../../../shared/rest/swarm_substrate.ts";
import { formatBytes } from "../../../shared/terminal/bytes.ts";
import { formatDuration } from "../../../shared/terminal/duration.ts";
import { ApiError } from "../../api/api_error.ts";
import { ActionForm, Button, Checkbox, Field } from "../components/form.tsx";
import { HostPolicy } from "../components/host_policy.tsx";
import { Live } from "../components/live.tsx";
import { Empty, Notice } from "../components/notice.tsx";
import { Facts, Panel } from "../components/panel.tsx";
import { RunRows } from "../components/rows.tsx";
import {
  CONVERGENCE_KINDS,
  CONVERGENCE_NAMES,
  DRIFT_KINDS,
  POLICY_KINDS,
  PRESENCE_KINDS,
  VERDICT_KINDS,
} from "../components/states.ts";
import { Status } from "../components/status.tsx";
import { Table } from "../components/table.tsx";
import { Command, ShortId, Word } from "../components/text.tsx";
import { Time } from "../components/time.tsx";
import { Tree } from "../components/tree.tsx";
import { href, path } from "../href.ts";
import { type Action, definePage, type PageContext } from "../page.ts";

const RUNS = 10;

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
            <Warnings envoy={envoy} />
            <State envoy={envoy} nowMs={context.nowMs} />
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
  actions: {
    tag: {
      permission: "fleet.write",
      run: async ({ call, param, url }, form) => {
        const host = param("host");
        const [name, value] = splitTag(form.text("tag"));
        const { changed } = await call("envoyTag", {
          params: { host },
          body: { set: { [name]: value } },
        });
        return {
          goTo: here(url),
          say: changed ? `${host} has the tag ${name} now.` : "It had that tag.",
        };
      },
    },
    untag: {
      permission: "fleet.write",
      run: async ({ call, param, url }, form) => {
        const host = param("host");
        await call("envoyTag", { params: { host }, body: { remove: [form.text("tag")] } });
        return { goTo: here(url), say: `${host} no longer has the tag ${form.text("tag")}.` };
      },
    },
    push: push(),
    accept: {
      permission: "admin",
      run: async ({ call, param, url }) => {
        const { hostname } = await call("envoyAccept", {
          params: { host: param("host") },
          body: {},
        });
        return { goTo: here(url), say: `${hostname} is accepted as it is.` };
      },
    },
    revoke: {
      permission: "admin",
      run: async ({ call, param }, form) => {
        const host = param("host");
        if (form.text("confirm") !== host) {
          throw new ApiError(400, `Not revoked: write ${host} into the field to confirm it`);
        }
        await call("envoyRevoke", { params: { host }, body: { reason: form.text("reason") } });
        return { goTo: "/envoys", say: `${host} is revoked for good.` };
      },
    },
  },
});

function push(): Action {
  return {
    permission: "push.execute",
    run: async ({ call, param, url }, form) => {
      const { uuid, hostname } = await call("envoyShow", { params: { host: param("host") } });
      const { pushed } = await call("envoyPush", {
        body: { target: uuid, force: form.has("force") },
      });
      return {
        goTo: here(url),
        say: pushed.length > 0
          ? `${hostname} was told to check in now.`
          : `${hostname} is not connected; it catches up by itself.`,
      };
    },
  };
}

function here(url: URL): string {
  return url.pathname;
}

/** `name=value`, or a name alone. */
function splitTag(text: string): [name: string, value: string] {
  const at = text.indexOf("=");
  return at < 0 ? [text, ""] : [text.slice(0, at).trim(), text.slice(at + 1).trim()];
}

function Warnings({ envoy: { warnings, state, pausedReason, pausedUntilMs } }: {
  envoy: EnvoyDetail;
}) {
  const until = pausedUntilMs === null
    ? ""
    : `, until ${new Date(pausedUntilMs).toISOString().slice(0, 16)} UTC`;
  return (
    <>
      {state === "cloned?" && (
        <Notice kind="bad">
          Two machines seem to use this identity. Until that is settled it gets no secrets and no
          tasks.
        </Notice>
      )}
      {state === "revoked" && <Notice kind="bad">This identity is revoked.</Notice>}
      {pausedReason !== null && (
        <Notice kind="warn">
          It applies nothing{until}: <Word>{pausedReason}</Word>
        </Notice>
      )}
      {warnings.map((warning) => (
        <Notice kind="warn">
          <Word>{warning}</Word>
        </Notice>
      ))}
    </>
  );
}

function State({ envoy, nowMs }: { envoy: EnvoyDetail; nowMs: number }) {
  const { lastRun, convergence, policyVersion, intervalMs } = envoy;
  return (
    <Facts
      facts={[
        ["Presence", <Status kind={PRESENCE_KINDS[envoy.presence]}>{envoy.presence}</Status>],
        [
          "State",
          (
            <span>
              <Status kind={CONVERGENCE_KINDS[convergence]}>
                {CONVERGENCE_NAMES[convergence]}
              </Status>
              {convergence === "NoData" && lastRun && (
                <span class="quiet">, was {CONVERGENCE_NAMES[lastRun.convergence]}</span>
              )}
            </span>
          ),
        ],
        ["Drift", <Status kind={DRIFT_KINDS[envoy.drift]}>{envoy.drift.toLowerCase()}</Status>],
        ["Policy", <Status kind={POLICY_KINDS[envoy.policy]}>{envoy.policy}</Status>],
        ["Last seen", <Time ms={envoy.lastSeenMs} nowMs={nowMs} />],
        ["Last run", <Time ms={lastRun?.finishedAtMs ?? null} nowMs={nowMs} />],
        ["Checks in every", intervalMs === null ? "–" : formatDuration(intervalMs)],
        ["Address", <span class="mono">{envoy.ip ?? "–"}</span>],
        ["Agent", envoy.agentVersion === null ? "–" : <Word>{envoy.agentVersion}</Word>],
        ["Holds policy", policyVersion === null ? "–" : <ShortId id={policyVersion} />],
        ["Enrolled", <Time ms={envoy.enrolledAtMs} nowMs={nowMs} />],
        [
          "Certificate ends",
          <Time ms={envoy.certificateExpiresAtMs} nowMs={nowMs} none="unknown" />,
        ],
        ["UUID", <span class="mono">{envoy.uuid}</span>],
        ...(!envoy.observedHostname || envoy.observedHostname === envoy.hostname
          ? []
          : [["Calls itself", <Word>{envoy.observedHostname}</Word>] as const]),
      ]}
    />
  );
}

function TagPanel({ envoy: { tags }, context }: { envoy: EnvoyDetail; context: PageContext }) {
  const { csrfToken, may, rejected } = context;
  const names = Object.keys(tags).sort();
  const canEdit = may("fleet.write");
  return (
    <Panel title="Tags" id="tags" note="target specs see them as tag:NAME=VALUE">
      {names.length === 0 ? <p class="quiet">No tags.</p> : (
        <ul class="tags">
          {names.map((name) => (
            <li class="tag">
              <Word>{tags[name] === "" ? name : `${name}=${tags[name]}`}</Word>
              {canEdit && (
                <ActionForm
                  action="untag"
                  csrfToken={csrfToken}
                  label={`Take the tag ${name} away`}
                  className="untag"
                >
                  <input type="hidden" name="tag" value={name} />
                  <button type="submit" class="link" aria-label={`Take the tag ${name} away`}>
                    ×
                  </button>
                </ActionForm>
              )}
            </li>
          ))}
        </ul>
      )}
      {canEdit && (
        <ActionForm
          action="tag"
          csrfToken={csrfToken}
          label="Add a tag"
          className="form inline tag-form"
        >
          <Field
            name="tag"
            label="Add or change a tag"
            placeholder="role=db"
            isMono
            isRequired
            value={rejected?.action === "tag" ? rejected.form.raw("tag") : undefined}
          />
          <Button>Set</Button>
        </ActionForm>
      )}
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
  const { runs } = await call("runList", { query: { host: envoy.uuid, limit: RUNS } });
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
            runs={runs}
            nowMs={nowMs}
            label={`Runs of ${envoy.hostname}`}
            withHost={false}
          />
        )}
    </Panel>
  );
}

async function TaskPanel({ envoy, context: { call, nowMs, may } }: {
  envoy: EnvoyDetail;
  context: PageContext;
}) {
  const { tasks } = await call("envoyTasks", { params: { host: envoy.uuid } });
  return (
    <Panel
      title="Tasks"
      id="tasks"
      tools={may("push.execute") &&
        <a href={`/tasks?target=${encodeURIComponent(envoy.hostname)}`}>Run a task here</a>}
    >
      {tasks.length === 0 ? <p class="quiet">No recent task had it as a target.</p> : (
        <Table
          label={`Tasks of ${envoy.hostname}`}
          rows={tasks}
          columns={[
            {
              name: "Task",
              isHeading: true,
              cell: ({ task: { id, command, task } }) => (
                <a class="mono clip" href={path`/tasks/${id}`}>
                  <Word>{task ?? command.split("\n", 1)[0] ?? ""}</Word>
                </a>
              ),
            },
            {
              name: "Verdict",
              cell: ({ target: { verdict, state } }) =>
                verdict === null
                  ? <Status kind="busy">{state}</Status>
                  : <Status kind={VERDICT_KINDS[verdict]}>{verdict}</Status>,
            },
            { name: "Exit", isNumber: true, cell: ({ target: { exitCode } }) => exitCode ?? "–" },
            { name: "By", cell: ({ task: { principal } }) => <Word>{principal}</Word> },
            {
              name: "Begun",
              cell: ({ task: { createdAtMs } }) => <Time ms={createdAtMs} nowMs={nowMs} />,
            },
          ]}
        />
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
  const { hostname, state } = envoy;
  if (!may("push.execute") || state === "revoked") return null;
  return (
    <Panel title="Do" id="do">
      <div class="form">
        <ActionForm
          action="push"
          csrfToken={csrfToken}
          label="Have it check in now"
          className="form inline"
        >
          <Button>Have it check in now</Button>
          <Checkbox name="force" label="and send the whole policy again" />
        </ActionForm>
        {may("admin") && state === "cloned?" && (
          <ActionForm action="accept" csrfToken={csrfToken} label="Accept">
            <p>
              Accept it if there is one machine only, such as after it was restored from a snapshot.
            </p>
            <div class="form-end">
              <Button>Accept it as it is</Button>
            </div>
          </ActionForm>
        )}
        {may("admin") && (
          <details class="more" open={rejected?.action === "revoke"}>
            <summary>Revoke its identity</summary>
            <ActionForm action="revoke" csrfToken={csrfToken} label="Revoke its identity">
              <p>
                It is cut off at once, what it seeds is revoked, and this identity may never enrol
                again. The machine itself is not changed.
              </p>
              <div class="form grid">
                <Field
                  name="confirm"
                  label={`Write ${hostname} to confirm`}
                  isMono
                  isRequired
                  idPrefix="revoke"
                />
                <Field
                  name="reason"
                  label="Reason"
                  idPrefix="revoke"
                  value={rejected?.action === "revoke" ? rejected.form.text("reason") : undefined}
                />
              </div>
              <div class="form-end">
                <Button kind="danger">Revoke for good</Button>
              </div>
            </ActionForm>
          </details>
        )}
      </div>
    </Panel>
  );
}

import type { MeshPuddle, PuddleMember } from "../../../shared/rest/puddle.ts";
import { counted } from "../../../shared/terminal/counted.ts";
import { ActionForm, Button } from "../components/form.tsx";
import { Live } from "../components/live.tsx";
import { Empty, Notice } from "../components/notice.tsx";
import { Pager } from "../components/pager.tsx";
import { Panel } from "../components/panel.tsx";
import { Status } from "../components/status.tsx";
import { Table } from "../components/table.tsx";
import { Command, ShortId, Word } from "../components/text.tsx";
import { path } from "../href.ts";
import { definePage, type PageContext } from "../page.ts";

const ROWS = 100;

/** The identities of the fleet's users, as their machines report them. */
export const puddlePage = definePage({
  path: "/swarm/puddle",
  permission: "fleet.view",
  nav: { section: "Swarm", label: "Puddle" },
  view: async (context) => {
    const { call, query, url } = context;
    const cursor = query("cursor");
    const { puddles, nextCursor } = await call("puddleList", {
      query: { limit: ROWS, ...(cursor === "" ? {} : { cursor }) },
    });
    return {
      title: "Puddle",
      rest: "/swarm/puddle",
      body: puddles.length === 0 ? <NoPuddles /> : (
        <Live id="puddles" url={url}>
          {puddles.map((puddle) => <PuddlePanel puddle={puddle} context={context} />)}
          <Pager url={url} nextCursor={nextCursor} shown={puddles.length} />
        </Live>
      ),
    };
  },
  actions: {
    evict: {
      words: "Evict an identity from a machine, or let it have it again",
      isDangerous: true,
      permission: "fleet.write",
      run: async ({ call }, form) => {
        const host = form.text("host");
        const { evicted, hostname } = await call("puddleEvict", {
          params: { puddle: form.text("puddle") },
          body: { host, undo: form.has("undo") },
        });
        return {
          goTo: "/swarm/puddle",
          say: evicted
            ? `${hostname} removes the key when it hears of it.`
            : `${hostname} may have the puddle again.`,
        };
      },
    },
  },
});

function NoPuddles() {
  return (
    <Empty title="No machine reports a puddle yet.">
      <p>
        A puddle is one person's identity over their machines. As a user whose account may have one,
        on an envoy: <Command>vigo swarm puddle --help</Command>
      </p>
    </Empty>
  );
}

function PuddlePanel({ puddle, context }: { puddle: MeshPuddle; context: PageContext }) {
  const { publicKey, name, nameState, members, retiredKeys, successor, contested } = puddle;
  const [said] = puddle.saidSuccessors;
  return (
    <Panel
      title={name ?? "Without a name"}
      id={`puddle-${publicKey.slice(0, 16)}`}
      note={
        <span>
          <ShortId id={publicKey} length={16} /> on {counted(members.length, "machine")}
          {retiredKeys.length > 0 && `, after ${counted(retiredKeys.length, "earlier key")}`}
        </span>
      }
    >
      {contested && (
        <Notice kind="bad">This key signed two different successors; neither is followed.</Notice>
      )}
      {nameState === "contested" && (
        <Notice kind="warn">Several puddles claim this name, so it means none of them.</Notice>
      )}
      {successor !== null && (
        <Notice kind="info">
          Replaced by <ShortId id={successor} length={16} />
        </Notice>
      )}
      {said && (
        <Notice kind="warn">
          <Word>{said.hostname}</Word> says that it has a later key,{" "}
          <ShortId id={said.publicKey} length={16} />. Nothing signed has come here yet.
        </Notice>
      )}
      <Members publicKey={publicKey} members={members} context={context} />
    </Panel>
  );
}

function Members({ publicKey, members, context: { csrfToken, may } }: {
  publicKey: string;
  members: readonly PuddleMember[];
  context: PageContext;
}) {
  return (
    <Table
      label="Machines that have it"
      rows={members}
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
        { name: "User", cell: ({ user }) => <Word>{user}</Word> },
        {
          name: "State",
          cell: ({ evicted, unlocked, pairPending }) =>
            evicted
              ? <Status kind="bad">evicted</Status>
              : pairPending
              ? <Status kind="busy">pairing</Status>
              : <Status kind={unlocked ? "ok" : "none"}>{unlocked ? "unlocked" : "locked"}</Status>,
        },
        {
          name: "Do",
          cell: ({ hostname, evicted }) =>
            !may("fleet.write") ? null : (
              <ActionForm
                action="evict"
                csrfToken={csrfToken}
                label={evicted ? `Let ${hostname} have it again` : `Evict it from ${hostname}`}
                className="in-row"
              >
                <input type="hidden" name="puddle" value={publicKey} />
                <input type="hidden" name="host" value={hostname} />
                {evicted && <input type="hidden" name="undo" value="yes" />}
                <Button
                  kind="small"
                  {...(evicted ? {} : { ask: `Have ${hostname} remove this key?` })}
                >
                  {evicted ? "Let it have it again" : "Evict"}
                </Button>
              </ActionForm>
            ),
        },
      ]}
    />
  );
}

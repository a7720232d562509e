import type { Json } from "../../../shared/canonical/canonical_json.ts";
import type { HostTraceAnswer } from "../../../shared/rest/config_views.ts";
import { counted } from "../../../shared/terminal/counted.ts";
import { Notice } from "./notice.tsx";
import { Facts } from "./panel.tsx";
import { Table } from "./table.tsx";
import { Word } from "./text.tsx";

type TracedResource = HostTraceAnswer["resources"][number];

/** Longest value shown, in characters. */
const MAX_VALUE = 2_000;
/** Resources shown; the REST address has all. */
const MAX_RESOURCES = 500;
/** Of those, how many stand there from the beginning, so that what comes after them on the page is found. */
const AT_FIRST = 20;

/** What a version of the stacks wants of a host, with where each part of it stands. */
export function HostPolicy({ trace }: { trace: HostTraceAnswer }) {
  const { match, environment, crates, resources, leftOut, problems, variables } = trace;
  if (match === null && problems.length === 0) {
    return (
      <p class="quiet">
        No entry of <code>envoys.vgo</code> matches this hostname, so nothing is wanted of it.
      </p>
    );
  }
  return (
    <>
      {problems.map((problem) => (
        <Notice kind="bad">
          <Word>{problem}</Word>
        </Notice>
      ))}
      <Facts
        facts={[
          [
            "Matched by",
            match
              ? (
                <span>
                  <Word mono>{match.pattern}</Word> <Place at={match.place} />
                </span>
              )
              : "–",
          ],
          ["Environment", environment ?? "–"],
          [
            "Crates",
            crates.length === 0 ? "–" : <Word>{crates.map(({ name }) => name).join(", ")}</Word>,
          ],
          ["Resources", resources.length],
        ]}
      />
      <div class="folds">
        {resources.slice(0, AT_FIRST).map((resource) => <Resource resource={resource} />)}
      </div>
      {resources.length > AT_FIRST && (
        <details class="more">
          <summary>{counted(resources.length - AT_FIRST, "more resource")}</summary>
          {resources.slice(AT_FIRST, MAX_RESOURCES).map((resource) => (
            <Resource resource={resource} />
          ))}
        </details>
      )}
      {resources.length > MAX_RESOURCES && (
        <p class="quiet">
          Of {counted(resources.length, "resource")} the first {MAX_RESOURCES}{" "}
          are shown; the JSON has all.
        </p>
      )}
      {leftOut.length > 0 && (
        <details class="more">
          <summary>{counted(leftOut.length, "resource")} left out by conditions</summary>
          <Table
            label="Left out"
            rows={leftOut}
            columns={[
              {
                name: "Resource",
                isHeading: true,
                cell: ({ declared }) => <Word mono>{declared}</Word>,
              },
              { name: "When", cell: ({ when }) => <Word mono>{when ?? "–"}</Word> },
              { name: "Where", cell: ({ place }) => <Place at={place} /> },
            ]}
          />
        </details>
      )}
      {variables.length > 0 && (
        <details class="more">
          <summary>{counted(variables.length, "variable")}</summary>
          <Table
            label="Variables"
            rows={variables}
            columns={[
              { name: "Variable", isHeading: true, cell: ({ name }) => <Word mono>{name}</Word> },
              { name: "Value", cell: ({ value }) => <Value value={value.result ?? value.value} /> },
              {
                name: "From",
                cell: ({ value }) => (
                  <span>
                    {value.from} <Place at={value.place} />
                  </span>
                ),
              },
              {
                name: "Overrides",
                cell: ({ overrode }) =>
                  overrode.map((one) => (
                    <div>
                      <Value value={one.value} /> <Place at={one.place} />
                    </div>
                  )),
              },
            ]}
          />
        </details>
      )}
    </>
  );
}

function Resource({ resource }: { resource: TracedResource }) {
  const { id, crate, place, via, params, dependsOn, when, deferred } = resource;
  return (
    <details class="fold">
      <summary>
        <Word mono>{id}</Word>
        <span class="quiet">
          <Word>{crate}</Word> · <Place at={place} />
        </span>
      </summary>
      <div class="fold-body">
        <Table
          label={`Parameters of ${id}`}
          rows={Object.entries(params)}
          columns={[
            { name: "Parameter", isHeading: true, cell: ([name]) => <Word mono>{name}</Word> },
            { name: "Value", cell: ([, { value, result }]) => <Value value={result ?? value} /> },
            {
              name: "From",
              cell: ([, { from, place }]) => (
                <span class="quiet">
                  {from} <Place at={place} />
                </span>
              ),
            },
          ]}
        />
        <Facts
          facts={[
            [
              "Through",
              <Word>
                {via.length === 0
                  ? "–"
                  : via.map(({ kind, name }) => `${kind} ${name}`).join(" → ")}
              </Word>,
            ],
            ["Depends on", <Word mono>{dependsOn.length === 0 ? "–" : dependsOn.join(", ")}</Word>],
            ...(when === null ? [] : [["When", <Value value={when as Json} />] as const]),
            ...(deferred.length === 0
              ? []
              : [["Decided on the machine", <Word mono>{deferred.join(", ")}</Word>] as const]),
          ]}
        />
      </div>
    </details>
  );
}

function Value({ value }: { value: unknown }) {
  const text = typeof value === "string" ? value : JSON.stringify(value) ?? "";
  return <Word mono>{text.length > MAX_VALUE ? `${text.slice(0, MAX_VALUE)}…` : text}</Word>;
}

/** Where something stands, below `stacks/`. */
function Place({ at }: { at: string }) {
  return <code class="id">{at}</code>;
}

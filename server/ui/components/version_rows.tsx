import type { ConfigVersion } from "../../../shared/rest/config.ts";
import { sanitize } from "../../../shared/terminal/sanitize.ts";
import { href } from "../href.ts";
import { Button } from "./form.tsx";
import { Status } from "./status.tsx";
import { Table } from "./table.tsx";
import { ShortId, Word } from "./text.tsx";
import { Time } from "./time.tsx";

/** Published versions, newest first, with the ways to compare them. */
export function VersionRows({ versions, live, url, nowMs }: {
  versions: readonly ConfigVersion[];
  /** The version that is live, wherever it stands. */
  live: string | undefined;
  url: URL;
  nowMs: number;
}) {
  return (
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
                  <a
                    class="nowrap"
                    href={href(url, { from: before.version, to: version, cursor: undefined })}
                  >
                    what it changed
                  </a>
                )}
                {live !== undefined && version !== live && (
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

/** Chooses two versions out of a list; nothing where it holds one alone. */
export function CompareForm({ versions }: { versions: readonly ConfigVersion[] }) {
  // A version that was put back stands twice in the list.
  const options = new Map(
    versions.map(({ version, message }) => [
      version,
      `${version.slice(0, 12)} ${sanitize(message.slice(0, 40))}`,
    ]),
  );
  if (options.size < 2) return null;
  return (
    <form class="filter compare" aria-label="Compare two versions">
      {(["from", "to"] as const).map((name) => (
        <div class="field narrow">
          <label for={`compare-${name}`}>{name === "from" ? "Compare" : "with"}</label>
          <select id={`compare-${name}`} name={name}>
            {[...options].map(([value, text], at) => (
              <option value={value} selected={at === (name === "from" ? 1 : 0)}>{text}</option>
            ))}
          </select>
        </div>
      ))}
      <Button>Compare</Button>
    </form>
  );
}

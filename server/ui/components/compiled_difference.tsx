import type { z } from "zod";
import type { configDiff, HostChange } from "../../../shared/rest/config.ts";
import { counted } from "../../../shared/terminal/counted.ts";
import { Diff } from "./diff.tsx";
import { Notice } from "./notice.tsx";
import { Panel } from "./panel.tsx";
import { Status } from "./status.tsx";
import { ShortId, Word } from "./text.tsx";

export type Comparison = z.output<typeof configDiff.answer>;

/** Differences that stand open from the beginning. */
const OPEN_AT_FIRST = 10;

/** What a version changes for whom; hosts that change alike stand together. */
export function CompiledDifference(
  { compared, isStaged }: { compared: Comparison; isStaged: boolean },
) {
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

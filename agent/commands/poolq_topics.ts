import type { RootPaths } from "../../shared/platform/root_paths.ts";
import { DEFAULT_MAX_BODY_BYTES } from "../../shared/poolq/limits.ts";
import { formatDuration } from "../../shared/terminal/duration.ts";
import { jsonText } from "../../shared/terminal/json_text.ts";
import { sanitize } from "../../shared/terminal/sanitize.ts";
import { renderTable } from "../../shared/terminal/table.ts";
import type { FleetHead } from "../poolq/fleet_view.ts";
import { Subscriptions } from "../poolq/subscriptions.ts";
import type { AgentContext } from "./context.ts";
import { findPoolqCaller, noticeOn, openFleetView } from "./poolq_caller.ts";

/** `vigo swarm poolq topics`. */
export async function runTopics(
  context: AgentContext,
  roots: RootPaths,
  { json }: { readonly json?: boolean | undefined },
): Promise<void> {
  const answer = await openFleetView(context, roots).topics();
  if (json) {
    context.write(jsonText(answer));
    return;
  }
  if (answer.source !== "server") {
    noticeOn(context)(
      "the server does not answer; these are the topics that this envoy has heard of",
    );
  }
  context.write(renderTopics(answer.topics, context.columns));
}

/** Topics as a table, in the order of their names. */
export function renderTopics(topics: readonly FleetHead[], width?: number): string {
  const rows = topics.toSorted((one, other) =>
    compare(one.name, other.name) || compare(one.topicId, other.topicId)
  )
    .map((topic) => [
      topic.blocked ? `${topic.name} (blocked)` : topic.name,
      String(topic.headSeq),
      String(topic.count),
      topic.founder.slice(0, 12),
      topic.topicId.slice(0, 12),
      topic.writer,
    ]);
  if (rows.length === 0) return "No topics\n";
  return renderTable(
    [
      { header: "topic" },
      { header: "head", align: "right" },
      { header: "count", align: "right" },
      { header: "founder" },
      { header: "topic id" },
      { header: "written from" },
    ],
    rows,
    width === undefined ? {} : { width },
  );
}

function compare(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}

/** `vigo swarm poolq status`. */
export async function runStatus(
  context: AgentContext,
  roots: RootPaths,
  { json, user }: { readonly json?: boolean | undefined; readonly user?: string | undefined },
): Promise<void> {
  const { caller, paths, fleet } = await findPoolqCaller(context, roots, user);
  const limits = await fleet.limits();
  using subscriptions = await Subscriptions.open(paths, noticeOn(context), context.signal);
  const status = {
    user: caller.name,
    state_dir: paths.folder,
    subscriptions: subscriptions.list().length,
    max_msg_bytes: limits?.maxMsgBytes ?? null,
    retention_secs: limits?.retentionSecs ?? null,
    enabled: limits?.isGateOpen ?? null,
  };
  if (json) {
    context.write(jsonText(status));
    return;
  }
  const told = limits
    ? `max_msg_bytes=${limits.maxMsgBytes} retention=${
      limits.retentionSecs === 0 ? "for ever" : formatDuration(limits.retentionSecs * 1000)
    } enabled=${limits.isGateOpen ? "yes" : "no"}`
    : `max_msg_bytes=${DEFAULT_MAX_BODY_BYTES} while no daemon answers`;
  context.write(
    `user=${sanitize(caller.name)} state_dir=${
      sanitize(paths.folder)
    } subscriptions=${status.subscriptions} ${told}\n`,
  );
}

import type { z } from "zod";
import type { poolqStatus, QueueTopic } from "../../shared/rest/poolq.ts";
import type { Message } from "../../shared/poolq/message.ts";
import { formatBytes } from "../../shared/terminal/bytes.ts";
import { counted } from "../../shared/terminal/counted.ts";
import { formatDuration } from "../../shared/terminal/duration.ts";
import { formatRelativeTime } from "../../shared/terminal/relative_time.ts";
import { sanitize } from "../../shared/terminal/sanitize.ts";
import { renderTable } from "../../shared/terminal/table.ts";

const NAME_WIDTH = 16;
/** Digits of a key or id where a whole one is too long. */
const SHORT = 12;

/** The totals of all queues, their limits, and what is blocked. */
export function renderQueueStatus(status: z.output<typeof poolqStatus.answer>): string {
  const facts = [
    ["Topics", String(status.topics)],
    ["Messages", `${status.messages} (${formatBytes(status.sizeBytes)})`],
    ["Held", `${status.held} until their time has come`],
    ["Equivocations", String(status.equivocations)],
    ["Envoys", `${counted(status.envoys, "envoy")} with an open gate`],
    ["Largest message", formatBytes(status.maxMsgBytes)],
    ["Retention", formatDuration(status.retentionSecs * 1000)],
  ].map(([name = "", value = ""]) => name.padEnd(NAME_WIDTH) + value);
  const blocks = status.blocks.map(({ kind, value, reason, by }) =>
    `  ${kind} ${value} by ${sanitize(by)}${reason === "" ? "" : `: ${sanitize(reason)}`}`
  );
  return [...facts, "", "Blocked", ...blocks.length === 0 ? ["  nothing"] : blocks].join("\n");
}

export function renderQueueTopics(topics: readonly QueueTopic[], nowMs: number): string {
  return renderTable(
    [
      { header: "TOPIC" },
      { header: "NAME" },
      { header: "FOUNDER" },
      { header: "HEAD", align: "right" },
      { header: "COUNT", align: "right" },
      { header: "SIZE", align: "right" },
      { header: "WRITTEN FROM" },
      { header: "LAST" },
      { header: "STATE" },
    ],
    topics.map((topic) => [
      topic.topicId.slice(0, SHORT),
      topic.name,
      topic.founder.slice(0, SHORT),
      String(topic.headSeq),
      String(topic.count),
      formatBytes(topic.sizeBytes),
      topic.writer,
      formatRelativeTime(topic.receivedAtMs, nowMs),
      stateOf(topic),
    ]),
  ).trimEnd();
}

export function renderQueueTopic(topic: QueueTopic, nowMs: number): string {
  const { equivocation } = topic;
  const facts = [
    ["Topic", topic.topicId],
    ["Name", topic.name],
    ["Founder", topic.founder],
    ["Written from", `${topic.writer}, by ${topic.user}`],
    ["First kept", String(topic.firstSeq)],
    ["Head", `${topic.headSeq} (${topic.headId.slice(0, SHORT)})`],
    ["Count", `${topic.count} (${formatBytes(topic.sizeBytes)})`],
    ["Last message", formatRelativeTime(topic.receivedAtMs, nowMs)],
    ["State", stateOf(topic)],
  ];
  if (equivocation) {
    const ids = equivocation.ids.map((id) => id.slice(0, SHORT)).join(" and ");
    facts.push(["Equivocation", `by ${equivocation.author} at seq ${equivocation.seq}: ${ids}`]);
  }
  return facts.map(([name = "", value = ""]) => name.padEnd(NAME_WIDTH) + sanitize(value))
    .join("\n");
}

/** One line for each message. */
export function renderQueueMessages(messages: readonly Message[]): string {
  return messages.map(({ seq, posted_at_ms, body }) =>
    `seq=${seq} posted_at=${new Date(posted_at_ms).toISOString()} body=${sanitize(body)}`
  ).join("\n");
}

function stateOf({ blocked, equivocation }: QueueTopic): string {
  if (blocked) return "blocked";
  return equivocation ? "equivocation" : "open";
}

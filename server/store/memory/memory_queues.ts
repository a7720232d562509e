import type { QueueRepository, StoredMessage } from "../queue_store.ts";
import { compareText } from "./compare_text.ts";
import type { Access, State } from "./memory_state.ts";

/** Queues: topics, and their messages by seq. */
export function memoryQueues(access: Access): QueueRepository {
  const inOrder = (state: State, topicId: string): StoredMessage[] =>
    [...state.queueMessages.get(topicId)?.values() ?? []].sort((a, b) => a.seq - b.seq);
  return {
    listTopics: () =>
      access((state) =>
        structuredClone([...state.queueTopics.values()])
          .sort((a, b) => compareText(a.topicId, b.topicId))
      ),
    findTopic: (topicId) => access((state) => structuredClone(state.queueTopics.get(topicId))),
    save: (topic, messages) =>
      access((state) => {
        const kept = state.queueMessages.get(topic.topicId) ?? new Map<number, StoredMessage>();
        for (const message of messages) {
          if (!kept.has(message.seq)) kept.set(message.seq, structuredClone(message));
        }
        state.queueMessages.set(topic.topicId, kept);
        state.queueTopics.set(topic.topicId, structuredClone(topic));
      }),
    findMessage: (topicId, seq) =>
      access((state) => structuredClone(state.queueMessages.get(topicId)?.get(seq))),
    range: (topicId, { fromSeq, toSeq, limit, maxBytes }) =>
      access((state) => {
        const found: StoredMessage[] = [];
        let bytes = 0;
        for (const message of inOrder(state, topicId)) {
          if (message.seq < fromSeq || message.seq > toSeq) continue;
          if (found.length >= limit || bytes >= maxBytes) break;
          found.push(structuredClone(message));
          bytes += sizeOf(message);
        }
        return found;
      }),
    lastPostedBy: (topicId, atMs) =>
      access((state) =>
        structuredClone(
          inOrder(state, topicId).filter(({ postedAtMs }) => postedAtMs <= atMs).at(-1),
        )
      ),
    prune: (topicId, receivedBeforeMs, limit) =>
      access((state) => {
        const topic = state.queueTopics.get(topicId);
        const messages = state.queueMessages.get(topicId);
        if (!topic || !messages) return 0;
        const first = inOrder(state, topicId).slice(0, limit);
        const kept = first.findIndex((one) => one.receivedAtMs >= receivedBeforeMs);
        const gone = kept < 0 ? first : first.slice(0, kept);
        const last = gone.at(-1);
        if (!last) return 0;
        for (const { seq } of gone) messages.delete(seq);
        const bytes = gone.reduce((sum, one) => sum + sizeOf(one), 0);
        state.queueTopics.set(topicId, {
          ...topic,
          firstSeq: Math.max(topic.firstSeq, last.seq + 1),
          sizeBytes: Math.max(0, topic.sizeBytes - bytes),
        });
        return gone.length;
      }),
    totals: () =>
      access((state) => {
        const all = [...state.queueMessages.values()].flatMap((topic) => [...topic.values()]);
        return { messages: all.length, bytes: all.reduce((sum, one) => sum + sizeOf(one), 0) };
      }),
  };
}

function sizeOf({ text }: StoredMessage): number {
  return new TextEncoder().encode(text).length;
}

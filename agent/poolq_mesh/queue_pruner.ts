import type { AgentLog } from "../runtime/agent_log.ts";
import type { UserScans } from "../user_scan/user_scans.ts";
import type { GrantedUsers } from "../user_scan/granted_users.ts";
import type { HeldTopic, QueueStore } from "./queue_store.ts";

/** Messages removed at once. */
const PRUNED_AT_ONCE = 1_000;

export interface QueuePrunerOptions {
  readonly store: QueueStore;
  readonly users: GrantedUsers;
  readonly scans: UserScans;
  readonly log: AgentLog;
  nowMs(): number;
  /** How long messages are kept after they came, in ms. */
  retentionMs(): number;
  /** Up to where the server has a topic; `undefined` if it has not said so. */
  storedSeq(topicId: string): number | undefined;
  readonly signal: AbortSignal;
}

/**
 * Removes messages that are past their age: of topics that are written here only what the server has acknowledged, from the
 * founder's home as well, and never the last one, from which the next goes on.
 */
export class QueuePruner {
  readonly #options: QueuePrunerOptions;

  constructor(options: QueuePrunerOptions) {
    this.#options = options;
  }

  async prune(): Promise<void> {
    const { store, nowMs, retentionMs, signal } = this.#options;
    const beforeMs = nowMs() - retentionMs();
    for (const topic of store.topics()) {
      while (!signal.aborted) {
        const gone = store.olderThan(topic.topicId, {
          beforeMs,
          upToSeq: this.#mayGoUpTo(topic),
          limit: PRUNED_AT_ONCE,
        });
        const last = gone.at(-1);
        if (!last || !await this.#removeFromHome(topic, gone.map(({ id }) => id))) break;
        store.removeUpTo(topic.topicId, last.seq);
        if (gone.length < PRUNED_AT_ONCE) break;
      }
    }
  }

  #mayGoUpTo({ topicId, user, headSeq }: HeldTopic): number {
    const acknowledged = user === null ? headSeq : this.#options.storedSeq(topicId) ?? 0;
    return Math.min(acknowledged, headSeq - 1);
  }

  /** Files first: what is still in the store is looked for again. */
  async #removeFromHome(
    { user: name, topicId }: HeldTopic,
    ids: readonly string[],
  ): Promise<boolean> {
    if (name === null) return true;
    const { users, scans, log, signal } = this.#options;
    const user = await users.find(name);
    if (!user) return true;
    try {
      await scans.run(
        user,
        { kind: "poolq_prune", home: user.home, topicId, ids: ids as typeof topicId[] },
        () => {},
        signal,
      );
      return true;
    } catch (error) {
      log.debug("messages past their age stay in a home for now", { reason: String(error) });
      return false;
    }
  }
}

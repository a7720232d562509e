import type { AgentDatabase } from "./agent_database.ts";

/** Keeps the resources that a run owes a notification in `agent.db`; see `agent/apply/notification_journal.ts`. */
export class DatabaseJournal {
  readonly #db: Pick<AgentDatabase, "fact" | "setFacts">;

  constructor(db: Pick<AgentDatabase, "fact" | "setFacts">) {
    this.#db = db;
  }

  load(): Promise<readonly string[]> {
    const text = this.#db.fact("pendingNotifications");
    // Written by `save` alone, in one transaction.
    return Promise.resolve(text === undefined ? [] : JSON.parse(text) as readonly string[]);
  }

  /** Durable when it returns. */
  save(ids: readonly string[]): Promise<void> {
    this.#db.setFacts({ pendingNotifications: JSON.stringify(ids) });
    return Promise.resolve();
  }
}

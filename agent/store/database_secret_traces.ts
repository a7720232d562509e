import type { AgentDatabase } from "./agent_database.ts";

type Traces = Readonly<Record<string, readonly string[]>>;

/** Keeps in `agent.db` what secrets were written to; see `agent/apply/secret_traces.ts`. */
export class DatabaseSecretTraces {
  readonly #db: Pick<AgentDatabase, "fact" | "setFacts">;

  constructor(db: Pick<AgentDatabase, "fact" | "setFacts">) {
    this.#db = db;
  }

  load(): Promise<Traces> {
    const text = this.#db.fact("secretTraces");
    // Written by `save` alone, in one transaction.
    return Promise.resolve(text === undefined ? {} : JSON.parse(text) as Traces);
  }

  /** Durable when it returns. */
  save(traces: Traces): Promise<void> {
    this.#db.setFacts({ secretTraces: JSON.stringify(traces) });
    return Promise.resolve();
  }
}

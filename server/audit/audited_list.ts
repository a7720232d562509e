import { z } from "zod";
import { SerialQueue } from "../service/serial_queue.ts";
import type { Store } from "../store/store.ts";
import type { AuditLog } from "./audit_log.ts";
import type { AuditPayload } from "./audit_payload.ts";

export interface AuditedListOptions {
  readonly store: Store;
  readonly audit: AuditLog;
}

/** Who changes a list, and what the audit log says of it. */
export interface RecordedAct {
  readonly principal: string;
  readonly action: string;
  readonly payload: AuditPayload;
}

/** A short list that administrators change, kept as one fact; one change after the other, each with its record. */
export class AuditedList<Entry> {
  readonly #options: AuditedListOptions;
  readonly #fact: string;
  readonly #queue = new SerialQueue();
  #entries: readonly Entry[];

  private constructor(options: AuditedListOptions, fact: string, entries: readonly Entry[]) {
    this.#options = options;
    this.#fact = fact;
    this.#entries = entries;
  }

  /** @throws {z.ZodError} if what is kept is no such list. */
  static async load<Entry>(
    options: AuditedListOptions,
    fact: string,
    entry: z.ZodType<Entry>,
  ): Promise<AuditedList<Entry>> {
    const text = await options.store.facts.get(fact);
    const entries = text === undefined ? [] : z.array(entry).parse(JSON.parse(text));
    return new AuditedList(options, fact, entries);
  }

  get entries(): readonly Entry[] {
    return this.#entries;
  }

  /** Looks at the list and changes it while nobody else does. */
  inTurn<T>(work: () => Promise<T>): Promise<T> {
    return this.#queue.run(work);
  }

  /** What the list is from now on; in a turn. The act and its record are one. */
  async replace(
    entries: readonly Entry[],
    { principal, action, payload }: RecordedAct,
  ): Promise<void> {
    const { store, audit } = this.#options;
    await store.transaction(async (inside) => {
      await inside.facts.set(this.#fact, JSON.stringify(entries));
      await audit.recordInside(inside, { name: principal }, action, payload);
    });
    this.#entries = entries;
  }
}

import type { Transaction } from "kysely";
import type { Tables } from "../tables.ts";

/** One step of the schema, forward only. A published one never changes: a correction is a new step. */
export interface Migration {
  /** Position, from 1, without gaps. */
  readonly number: number;
  readonly name: string;
  apply(transaction: Transaction<Tables>): Promise<void>;
}

import type { Kysely } from "kysely";
import type { Tables } from "./tables.ts";

/** Runs work in a transaction, or in the one that already runs: all of it is kept, or nothing. */
export type Atomically = <T>(work: (database: Kysely<Tables>) => Promise<T>) => Promise<T>;

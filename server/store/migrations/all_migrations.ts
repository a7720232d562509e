import { firstSchema } from "./0001_first_schema.ts";
import type { Migration } from "./migration.ts";

/** Every step, in order. */
export const ALL_MIGRATIONS: readonly Migration[] = [firstSchema];

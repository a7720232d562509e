import { promisify } from "node:util";
import { gunzip, gzip } from "node:zlib";
import type { Kysely } from "kysely";
import { z } from "zod";
import { bundleResourceSchema } from "../../shared/config/policy_bundle.ts";
import type { Atomically } from "./atomically.ts";
import type { BundleRepository, StoredBundle } from "./store.ts";
import type { Tables } from "./tables.ts";

/** Largest bundle read back, in bytes of JSON: twice what fits into a message to an agent. */
const MAX_BUNDLE_BYTES = 128 * 1024 * 1024;

const resourcesSchema = z.array(bundleResourceSchema);
const compress = promisify<Uint8Array, Uint8Array>(gzip);
const decompress = promisify<Uint8Array, { maxOutputLength: number }, Uint8Array>(gunzip);

export class SqlBundleRepository implements BundleRepository {
  readonly #database: Kysely<Tables>;
  readonly #atomically: Atomically;

  constructor(
    database: Kysely<Tables>,
    atomically: Atomically,
  ) {
    this.#database = database;
    this.#atomically = atomically;
  }

  async saveAll(bundles: readonly StoredBundle[], atMs: number): Promise<void> {
    // Outside the transaction, which nothing else gets past.
    const rows: Tables["bundles"][] = [];
    for (const { root, policyVersion, resources } of bundles) {
      const known = await this.#database.selectFrom("bundles").select("root")
        .where("root", "=", root).executeTakeFirst();
      const bytes = known
        ? new Uint8Array()
        : await compress(new TextEncoder().encode(JSON.stringify(resources)));
      rows.push({ root, policy_version: policyVersion, used_at_ms: atMs, resources: bytes });
    }
    await this.#atomically(async (database) => {
      for (const { resources, ...row } of rows) {
        const { numUpdatedRows } = await database.updateTable("bundles")
          .set({ used_at_ms: atMs }).where("root", "=", row.root).executeTakeFirst();
        // One that was pruned since the look above comes back when it is next used.
        if (numUpdatedRows > 0n || resources.length === 0) continue;
        await database.insertInto("bundles").values({ ...row, resources }).execute();
      }
    });
  }

  async find(root: string): Promise<StoredBundle | undefined> {
    const row = await this.#database.selectFrom("bundles").selectAll().where("root", "=", root)
      .executeTakeFirst();
    if (!row) return undefined;
    const bytes = await decompress(row.resources, { maxOutputLength: MAX_BUNDLE_BYTES });
    return {
      root,
      policyVersion: row.policy_version,
      resources: resourcesSchema.parse(JSON.parse(new TextDecoder().decode(bytes))),
    };
  }

  async prune(beforeMs: number, limit: number): Promise<number> {
    const result = await this.#database.deleteFrom("bundles").where(
      "root",
      "in",
      (from) =>
        from.selectFrom("bundles").select("bundles.root")
          .where("bundles.used_at_ms", "<", beforeMs)
          .where(({ not, exists, selectFrom }) =>
            not(exists(
              selectFrom("runs").select("runs.run_id")
                .whereRef("runs.root", "=", "bundles.root"),
            ))
          )
          .where(({ not, exists, selectFrom }) =>
            not(exists(
              selectFrom("envoy_observations as seen").select("seen.uuid")
                .whereRef("seen.fingerprint", "=", "bundles.root"),
            ))
          )
          .limit(limit),
    ).executeTakeFirst();
    return Number(result.numDeletedRows);
  }
}

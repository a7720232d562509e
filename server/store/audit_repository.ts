import type { Kysely } from "kysely";
import type { SignedBytes } from "../../shared/crypto/signed_document.ts";
import { type AuditRecord, auditRecordSchema } from "../../shared/rest/audit.ts";
import type { AuditRepository } from "./store.ts";
import { DamagedRecordError, SequenceTakenError } from "./store_error.ts";
import type { Tables } from "./tables.ts";

export class SqlAuditRepository implements AuditRepository {
  readonly #database: Kysely<Tables>;

  constructor(database: Kysely<Tables>) {
    this.#database = database;
  }

  async head(): Promise<AuditRecord | undefined> {
    const row = await this.#database.selectFrom("audit_records").selectAll()
      .orderBy("seq", "desc").limit(1).executeTakeFirst();
    return row && toRecord(row);
  }

  async append(record: AuditRecord): Promise<void> {
    const result = await this.#database.insertInto("audit_records").values({
      seq: record.seq,
      at_ms: record.atMs,
      principal: record.principal,
      action: record.action,
      payload: JSON.stringify(record.payload),
      prev_hash: record.prevHash,
      hash: record.hash,
    }).onConflict((conflict) => conflict.column("seq").doNothing()).executeTakeFirst();
    if ((result.numInsertedOrUpdatedRows ?? 0n) === 0n) throw new SequenceTakenError(record.seq);
  }

  async list({ limit, before }: { limit: number; before?: number }): Promise<AuditRecord[]> {
    let query = this.#database.selectFrom("audit_records").selectAll()
      .orderBy("seq", "desc").limit(limit);
    if (before !== undefined) query = query.where("seq", "<", before);
    return (await query.execute()).map(toRecord);
  }

  async readFrom(seq: number, limit: number): Promise<AuditRecord[]> {
    const rows = await this.#database.selectFrom("audit_records").selectAll()
      .where("seq", ">=", seq).orderBy("seq").limit(limit).execute();
    return rows.map(toRecord);
  }

  async saveSignedHead({ seq, document }: { seq: number; document: SignedBytes }): Promise<void> {
    const values = {
      payload: document.payload.toHex(),
      signature: document.signature.toHex(),
    };
    await this.#database.insertInto("audit_heads").values({ seq, ...values })
      .onConflict((conflict) => conflict.column("seq").doUpdateSet(values)).execute();
  }

  async lastSignedHead(): Promise<{ seq: number; document: SignedBytes } | undefined> {
    const row = await this.#database.selectFrom("audit_heads").selectAll()
      .orderBy("seq", "desc").limit(1).executeTakeFirst();
    return row && {
      seq: row.seq,
      document: {
        payload: Uint8Array.fromHex(row.payload),
        signature: Uint8Array.fromHex(row.signature),
      },
    };
  }
}

function toRecord(row: Tables["audit_records"]): AuditRecord {
  try {
    return auditRecordSchema.parse({
      seq: row.seq,
      atMs: row.at_ms,
      principal: row.principal,
      action: row.action,
      payload: JSON.parse(row.payload),
      prevHash: row.prev_hash,
      hash: row.hash,
    });
  } catch (cause) {
    throw new DamagedRecordError(row.seq, { cause });
  }
}

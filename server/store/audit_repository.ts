import { type Kysely, sql } from "kysely";
import { type AuditRecord, auditRecordSchema } from "../../shared/rest/audit.ts";
import type { AuditFilter, AuditRepository, SignedAuditHead } from "./store.ts";
import { DamagedRecordError, SequenceTakenError } from "./store_error.ts";
import type { Tables } from "./tables.ts";

export class SqlAuditRepository implements AuditRepository {
  readonly #database: Kysely<Tables>;

  constructor(database: Kysely<Tables>) {
    this.#database = database;
  }

  async head(): Promise<Pick<AuditRecord, "seq" | "hash"> | undefined> {
    return await this.#database.selectFrom("audit_records").select(["seq", "hash"])
      .orderBy("seq", "desc").limit(1).executeTakeFirst();
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

  async list(
    { limit, before, principal, action, sinceMs }: AuditFilter,
    onDamaged?: (error: DamagedRecordError) => void,
  ): Promise<AuditRecord[]> {
    let query = this.#database.selectFrom("audit_records").selectAll()
      .orderBy("seq", "desc").limit(limit);
    if (before !== undefined) query = query.where("seq", "<", before);
    if (principal !== undefined) query = query.where("principal", "=", principal);
    if (sinceMs !== undefined) query = query.where("at_ms", ">=", sinceMs);
    if (action !== undefined) {
      query = query.where(sql<string>`substr(action, 1, ${action.length})`, "=", action);
    }
    return (await query.execute()).flatMap((row) => {
      try {
        return [toRecord(row)];
      } catch (error) {
        if (!onDamaged || !(error instanceof DamagedRecordError)) throw error;
        onDamaged(error);
        return [];
      }
    });
  }

  async readFrom(seq: number, limit: number): Promise<AuditRecord[]> {
    const rows = await this.#database.selectFrom("audit_records").selectAll()
      .where("seq", ">=", seq).orderBy("seq").limit(limit).execute();
    return rows.map(toRecord);
  }

  async saveSignedHead({ seq, document }: SignedAuditHead): Promise<void> {
    const values = {
      payload: document.payload.toHex(),
      signature: document.signature.toHex(),
    };
    await this.#database.insertInto("audit_heads").values({ seq, ...values })
      .onConflict((conflict) => conflict.column("seq").doUpdateSet(values)).execute();
  }

  async lastSignedHead(): Promise<SignedAuditHead | undefined> {
    const row = await this.#database.selectFrom("audit_heads").selectAll()
      .orderBy("seq", "desc").limit(1).executeTakeFirst();
    return row && toHead(row);
  }

  async signedHeads(fromSeq: number, toSeq: number): Promise<SignedAuditHead[]> {
    const rows = await this.#database.selectFrom("audit_heads").selectAll()
      .where("seq", ">=", fromSeq).where("seq", "<=", toSeq).orderBy("seq").execute();
    return rows.map(toHead);
  }
}

/** What is no hex any more proves as little as what nobody signed. */
function toHead({ seq, payload, signature }: Tables["audit_heads"]): SignedAuditHead {
  const bytes = (hex: string) =>
    /^([0-9a-f]{2})*$/.test(hex) ? Uint8Array.fromHex(hex) : new Uint8Array();
  return { seq, document: { payload: bytes(payload), signature: bytes(signature) } };
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

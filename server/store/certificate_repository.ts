import type { Kysely } from "kysely";
import type { CertificateRecord, CertificateRepository } from "./store.ts";
import type { Tables } from "./tables.ts";

export class SqlCertificateRepository implements CertificateRepository {
  readonly #database: Kysely<Tables>;

  constructor(database: Kysely<Tables>) {
    this.#database = database;
  }

  async add(certificate: CertificateRecord): Promise<void> {
    await this.#database.insertInto("certificates").values({
      fingerprint: certificate.fingerprint,
      envoy_uuid: certificate.envoyUuid,
      not_after_ms: certificate.notAfterMs,
      revoked_at_ms: certificate.revokedAtMs,
    }).execute();
  }

  async listByEnvoy(envoyUuid: string): Promise<CertificateRecord[]> {
    const rows = await this.#database.selectFrom("certificates").selectAll()
      .where("envoy_uuid", "=", envoyUuid).orderBy("not_after_ms").orderBy("fingerprint").execute();
    return rows.map(toCertificate);
  }

  async listRevoked(afterMs: number): Promise<CertificateRecord[]> {
    const rows = await this.#database.selectFrom("certificates").selectAll()
      .where("revoked_at_ms", "is not", null).where("not_after_ms", ">", afterMs)
      .orderBy("not_after_ms").orderBy("fingerprint").execute();
    return rows.map(toCertificate);
  }

  async revokeByEnvoy(envoyUuid: string, atMs: number): Promise<void> {
    await this.#database.updateTable("certificates").set({ revoked_at_ms: atMs })
      .where("envoy_uuid", "=", envoyUuid).where("revoked_at_ms", "is", null).execute();
  }

  async revokeOthers(envoyUuid: string, fingerprint: string, atMs: number): Promise<number> {
    const result = await this.#database.updateTable("certificates").set({ revoked_at_ms: atMs })
      .where("envoy_uuid", "=", envoyUuid).where("fingerprint", "!=", fingerprint)
      .where("revoked_at_ms", "is", null).executeTakeFirst();
    return Number(result.numUpdatedRows);
  }
}

function toCertificate(row: Tables["certificates"]): CertificateRecord {
  return {
    fingerprint: row.fingerprint,
    envoyUuid: row.envoy_uuid,
    notAfterMs: row.not_after_ms,
    revokedAtMs: row.revoked_at_ms,
  };
}

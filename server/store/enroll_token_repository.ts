import type { Kysely } from "kysely";
import type { EnrollAnswerRecord, EnrollTokenRecord, EnrollTokenRepository } from "./store.ts";
import type { Tables } from "./tables.ts";

export class SqlEnrollTokenRepository implements EnrollTokenRepository {
  readonly #database: Kysely<Tables>;

  constructor(database: Kysely<Tables>) {
    this.#database = database;
  }

  async add(token: EnrollTokenRecord): Promise<void> {
    await this.#database.insertInto("enroll_tokens").values({
      hash: token.hash,
      created_at_ms: token.createdAtMs,
      expires_at_ms: token.expiresAtMs,
      uses: token.uses,
      uses_left: token.usesLeft,
      hostname: token.hostname,
      replace_envoy: token.replace ? 1 : 0,
      created_by: token.createdBy,
      revoked_at_ms: token.revokedAtMs,
    }).execute();
  }

  async find(hash: string): Promise<EnrollTokenRecord | undefined> {
    const row = await this.#database.selectFrom("enroll_tokens").selectAll()
      .where("hash", "=", hash).executeTakeFirst();
    return row && toToken(row);
  }

  async list(): Promise<EnrollTokenRecord[]> {
    const rows = await this.#database.selectFrom("enroll_tokens").selectAll()
      .orderBy("created_at_ms", "desc").orderBy("hash").execute();
    return rows.map(toToken);
  }

  async use(hash: string): Promise<boolean> {
    // One statement, so that two requests can never share the last use.
    const result = await this.#database.updateTable("enroll_tokens")
      .set(({ eb }) => ({ uses_left: eb("uses_left", "-", 1) }))
      .where("hash", "=", hash).where("uses_left", ">", 0).where("revoked_at_ms", "is", null)
      .executeTakeFirst();
    return result.numUpdatedRows > 0n;
  }

  async revoke(hash: string, atMs: number): Promise<boolean> {
    const result = await this.#database.updateTable("enroll_tokens").set({ revoked_at_ms: atMs })
      .where("hash", "=", hash).where("revoked_at_ms", "is", null).executeTakeFirst();
    return result.numUpdatedRows > 0n;
  }

  async saveAnswer(answer: EnrollAnswerRecord): Promise<void> {
    const values = {
      envoy_uuid: answer.envoyUuid,
      certificate_pem: answer.certificatePem,
      expires_at_ms: answer.expiresAtMs,
    };
    await this.#database.insertInto("enroll_answers")
      .values({ token_hash: answer.tokenHash, request_hash: answer.requestHash, ...values })
      .onConflict((conflict) =>
        conflict.columns(["token_hash", "request_hash"]).doUpdateSet(values)
      )
      .execute();
  }

  async findAnswer(
    tokenHash: string,
    requestHash: string,
  ): Promise<EnrollAnswerRecord | undefined> {
    const row = await this.#database.selectFrom("enroll_answers").selectAll()
      .where("token_hash", "=", tokenHash).where("request_hash", "=", requestHash)
      .executeTakeFirst();
    return row && {
      tokenHash: row.token_hash,
      requestHash: row.request_hash,
      envoyUuid: row.envoy_uuid,
      certificatePem: row.certificate_pem,
      expiresAtMs: row.expires_at_ms,
    };
  }

  async pruneAnswers(beforeMs: number): Promise<void> {
    await this.#database.deleteFrom("enroll_answers").where("expires_at_ms", "<", beforeMs)
      .execute();
  }
}

function toToken(row: Tables["enroll_tokens"]): EnrollTokenRecord {
  return {
    hash: row.hash,
    createdAtMs: row.created_at_ms,
    expiresAtMs: row.expires_at_ms,
    uses: row.uses,
    usesLeft: row.uses_left,
    hostname: row.hostname,
    replace: row.replace_envoy === 1,
    createdBy: row.created_by,
    revokedAtMs: row.revoked_at_ms,
  };
}

import type { Kysely, Selectable, Updateable } from "kysely";
import type {
  ApiTokenRecord,
  ApiTokenRepository,
  LoginFailureRepository,
  LoginFailures,
  SessionRecord,
  SessionRepository,
  UserRecord,
  UserRepository,
} from "./people_store.ts";
import type { Tables } from "./tables.ts";

export class SqlUserRepository implements UserRepository {
  readonly #database: Kysely<Tables>;

  constructor(database: Kysely<Tables>) {
    this.#database = database;
  }

  async add(user: UserRecord): Promise<boolean> {
    const result = await this.#database.insertInto("users").values({
      name: user.name,
      role: user.role,
      password: user.password,
      created_at_ms: user.createdAtMs,
      created_by: user.createdBy,
      password_at_ms: user.passwordAtMs,
      last_login_ms: user.lastLoginMs,
      disabled_at_ms: user.disabledAtMs,
    }).onConflict((conflict) => conflict.column("name").doNothing()).executeTakeFirst();
    return (result.numInsertedOrUpdatedRows ?? 0n) > 0n;
  }

  async find(name: string): Promise<UserRecord | undefined> {
    const row = await this.#database.selectFrom("users").selectAll()
      .where("name", "=", name).executeTakeFirst();
    return row && toUser(row);
  }

  async list(): Promise<UserRecord[]> {
    const rows = await this.#database.selectFrom("users").selectAll().orderBy("name").execute();
    return rows.map(toUser);
  }

  async update(name: string, change: Parameters<UserRepository["update"]>[1]): Promise<boolean> {
    const { role, password, passwordAtMs, lastLoginMs, disabledAtMs } = change;
    const columns: Updateable<Tables["users"]> = {
      ...(role === undefined ? {} : { role }),
      ...(password === undefined ? {} : { password }),
      ...(passwordAtMs === undefined ? {} : { password_at_ms: passwordAtMs }),
      ...(lastLoginMs === undefined ? {} : { last_login_ms: lastLoginMs }),
      ...(disabledAtMs === undefined ? {} : { disabled_at_ms: disabledAtMs }),
    };
    const result = await this.#database.updateTable("users").set(columns)
      .where("name", "=", name).executeTakeFirst();
    return result.numUpdatedRows > 0n;
  }

  async remove(name: string): Promise<boolean> {
    const result = await this.#database.deleteFrom("users").where("name", "=", name)
      .executeTakeFirst();
    return result.numDeletedRows > 0n;
  }
}

export class SqlApiTokenRepository implements ApiTokenRepository {
  readonly #database: Kysely<Tables>;

  constructor(database: Kysely<Tables>) {
    this.#database = database;
  }

  async add(token: ApiTokenRecord): Promise<boolean> {
    const result = await this.#database.insertInto("api_tokens").values({
      hash: token.hash,
      name: token.name,
      role: token.role,
      owner: token.owner,
      created_at_ms: token.createdAtMs,
      created_by: token.createdBy,
      expires_at_ms: token.expiresAtMs,
      last_used_ms: token.lastUsedMs,
      revoked_at_ms: token.revokedAtMs,
    }).onConflict((conflict) =>
      conflict.column("name").where("revoked_at_ms", "is", null).doNothing()
    ).executeTakeFirst();
    return (result.numInsertedOrUpdatedRows ?? 0n) > 0n;
  }

  async find(hash: string): Promise<ApiTokenRecord | undefined> {
    const row = await this.#database.selectFrom("api_tokens").selectAll()
      .where("hash", "=", hash).executeTakeFirst();
    return row && toToken(row);
  }

  async list(): Promise<ApiTokenRecord[]> {
    const rows = await this.#database.selectFrom("api_tokens").selectAll()
      .orderBy("name").orderBy("created_at_ms", "desc").orderBy("hash").execute();
    return rows.map(toToken);
  }

  async touch(hash: string, atMs: number): Promise<void> {
    await this.#database.updateTable("api_tokens").set({ last_used_ms: atMs })
      .where("hash", "=", hash).execute();
  }

  async revoke(hash: string, atMs: number): Promise<boolean> {
    const result = await this.#database.updateTable("api_tokens").set({ revoked_at_ms: atMs })
      .where("hash", "=", hash).where("revoked_at_ms", "is", null).executeTakeFirst();
    return result.numUpdatedRows > 0n;
  }

  async revokeByOwner(owner: string, atMs: number): Promise<number> {
    const result = await this.#database.updateTable("api_tokens").set({ revoked_at_ms: atMs })
      .where("owner", "=", owner).where("revoked_at_ms", "is", null).executeTakeFirst();
    return Number(result.numUpdatedRows);
  }

  async prune(beforeMs: number): Promise<number> {
    const result = await this.#database.deleteFrom("api_tokens")
      .where((eb) =>
        eb.or([eb("revoked_at_ms", "<", beforeMs), eb("expires_at_ms", "<", beforeMs)])
      )
      .executeTakeFirst();
    return Number(result.numDeletedRows);
  }
}

export class SqlSessionRepository implements SessionRepository {
  readonly #database: Kysely<Tables>;

  constructor(database: Kysely<Tables>) {
    this.#database = database;
  }

  async add({ hash, user, createdAtMs, activeAtMs }: SessionRecord): Promise<void> {
    await this.#database.insertInto("sessions").values({
      hash,
      user_name: user,
      created_at_ms: createdAtMs,
      active_at_ms: activeAtMs,
    }).execute();
  }

  async find(hash: string): Promise<SessionRecord | undefined> {
    const row = await this.#database.selectFrom("sessions").selectAll()
      .where("hash", "=", hash).executeTakeFirst();
    return row && toSession(row);
  }

  async listByUser(user: string): Promise<SessionRecord[]> {
    const rows = await this.#database.selectFrom("sessions").selectAll()
      .where("user_name", "=", user).orderBy("active_at_ms").orderBy("hash").execute();
    return rows.map(toSession);
  }

  async touch(hash: string, atMs: number): Promise<void> {
    await this.#database.updateTable("sessions").set({ active_at_ms: atMs })
      .where("hash", "=", hash).where("active_at_ms", "<", atMs).execute();
  }

  async remove(hash: string): Promise<boolean> {
    const result = await this.#database.deleteFrom("sessions").where("hash", "=", hash)
      .executeTakeFirst();
    return result.numDeletedRows > 0n;
  }

  async removeByUser(user: string, exceptHash = ""): Promise<number> {
    const result = await this.#database.deleteFrom("sessions").where("user_name", "=", user)
      .where("hash", "!=", exceptHash).executeTakeFirst();
    return Number(result.numDeletedRows);
  }

  async prune(
    { activeBeforeMs, createdBeforeMs }: { activeBeforeMs: number; createdBeforeMs: number },
  ): Promise<number> {
    const result = await this.#database.deleteFrom("sessions")
      .where((eb) =>
        eb.or([
          eb("active_at_ms", "<", activeBeforeMs),
          eb("created_at_ms", "<", createdBeforeMs),
        ])
      )
      .executeTakeFirst();
    return Number(result.numDeletedRows);
  }
}

export class SqlLoginFailureRepository implements LoginFailureRepository {
  readonly #database: Kysely<Tables>;

  constructor(database: Kysely<Tables>) {
    this.#database = database;
  }

  async find(subject: string): Promise<LoginFailures | undefined> {
    const row = await this.#database.selectFrom("login_failures").selectAll()
      .where("subject", "=", subject).executeTakeFirst();
    return row && { subject: row.subject, failures: row.failures, failedAtMs: row.failed_at_ms };
  }

  async count(subject: string, atMs: number, forgottenBeforeMs: number): Promise<number> {
    // One statement, so that attempts at the same moment are all counted.
    const row = await this.#database.insertInto("login_failures")
      .values({ subject, failures: 1, failed_at_ms: atMs })
      .onConflict((conflict) =>
        conflict.column("subject").doUpdateSet((eb) => ({
          failures: eb.case()
            .when("login_failures.failed_at_ms", "<", forgottenBeforeMs).then(1)
            .else(eb("login_failures.failures", "+", 1)).end(),
          failed_at_ms: atMs,
        }))
      )
      .returning("failures").executeTakeFirstOrThrow();
    return row.failures;
  }

  async remove(subject: string): Promise<boolean> {
    const result = await this.#database.deleteFrom("login_failures").where("subject", "=", subject)
      .executeTakeFirst();
    return result.numDeletedRows > 0n;
  }

  async prune(beforeMs: number): Promise<number> {
    const result = await this.#database.deleteFrom("login_failures")
      .where("failed_at_ms", "<", beforeMs).executeTakeFirst();
    return Number(result.numDeletedRows);
  }
}

function toUser(row: Selectable<Tables["users"]>): UserRecord {
  return {
    name: row.name,
    role: row.role,
    password: row.password,
    createdAtMs: row.created_at_ms,
    createdBy: row.created_by,
    passwordAtMs: row.password_at_ms,
    lastLoginMs: row.last_login_ms,
    disabledAtMs: row.disabled_at_ms,
  };
}

function toToken(row: Selectable<Tables["api_tokens"]>): ApiTokenRecord {
  return {
    hash: row.hash,
    name: row.name,
    role: row.role,
    owner: row.owner,
    createdAtMs: row.created_at_ms,
    createdBy: row.created_by,
    expiresAtMs: row.expires_at_ms,
    lastUsedMs: row.last_used_ms,
    revokedAtMs: row.revoked_at_ms,
  };
}

function toSession(row: Selectable<Tables["sessions"]>): SessionRecord {
  return {
    hash: row.hash,
    user: row.user_name,
    createdAtMs: row.created_at_ms,
    activeAtMs: row.active_at_ms,
  };
}

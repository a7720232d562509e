import type { PersonRole } from "../../shared/rest/roles.ts";
import type { User } from "../../shared/rest/users.ts";
import type { AuditLog } from "../audit/audit_log.ts";
import type { AuditPayload } from "../audit/audit_payload.ts";
import { answered, refused, type ServiceAnswer } from "../service/service_answer.ts";
import type { UserRecord } from "../store/people_store.ts";
import type { Store } from "../store/store.ts";
import { hasEnded } from "./api_token_service.ts";
import { LoginGuard } from "./login_guard.ts";
import { unlessTooMany } from "./password_check.ts";
import type { PasswordHasher } from "./password_hash.ts";
import type { Principal } from "../service/principal.ts";
import { isOver } from "./session_service.ts";

/** Most users there can be; past it a script has run wild. */
const MAX_USERS = 10_000;

export interface UserServiceParts {
  readonly store: Store;
  readonly audit: Pick<AuditLog, "recordInside">;
  readonly hasher: PasswordHasher;
  readonly now: () => number;
}

/** What becomes of a change: the user as he is then, or why not. */
type Change = (store: Store, user: UserRecord) => Promise<ServiceAnswer<AuditPayload>>;

/** What administrators do to users. Each act and its record are kept together or not at all. */
export class UserService {
  readonly #parts: UserServiceParts;

  constructor(parts: UserServiceParts) {
    this.#parts = parts;
  }

  async list(): Promise<User[]> {
    return (await this.#parts.store.users.list()).map(describeUser);
  }

  /** A user, with what is used in his name. */
  async show(name: string): Promise<
    ServiceAnswer<User & { sessions: number; tokens: number; lockedUntilMs: number | null }>
  > {
    const { store, now } = this.#parts;
    const user = await store.users.find(name);
    if (!user) return unknown(name);
    const sessions = await store.sessions.listByUser(name);
    const tokens = await store.apiTokens.list();
    const lockedMs = await new LoginGuard(store.loginFailures, now).lockedMs(name);
    return answered({
      ...describeUser(user),
      sessions: sessions.filter((session) => !isOver(session, now())).length,
      tokens: tokens.filter((token) => token.owner === name && !hasEnded(token, now())).length,
      lockedUntilMs: lockedMs > 0 ? now() + lockedMs : null,
    });
  }

  async add(
    { name, role, password }: { name: string; role: PersonRole; password: string },
    principal: Principal,
  ): Promise<ServiceAnswer<User>> {
    const { store, audit, now } = this.#parts;
    const hashed = await unlessTooMany(() => this.#parts.hasher.hash(password));
    if (!hashed.ok) return hashed;
    const user: UserRecord = {
      name,
      role,
      password: hashed.value,
      createdAtMs: now(),
      createdBy: principal.name,
      passwordAtMs: now(),
      lastLoginMs: null,
      disabledAtMs: null,
    };
    return await store.transaction(async (inside) => {
      if ((await inside.users.list()).length >= MAX_USERS) {
        return refused(429, `There are ${MAX_USERS} users. Remove some first`);
      }
      if (!await inside.users.add(user)) {
        return refused(409, `There is a user ${JSON.stringify(name)} already`);
      }
      await audit.recordInside(inside, principal, "user.add", { user: name, role });
      return answered(describeUser(user));
    });
  }

  setRole(name: string, role: PersonRole, principal: Principal): Promise<ServiceAnswer<User>> {
    return this.#change(name, "user.role", principal, async (inside, user) => {
      const refusal = role === "admin" ? undefined : await lastAdmin(inside, user);
      if (refusal !== undefined) return refused(409, `Cannot make "${name}" ${role}: ${refusal}`);
      await inside.users.update(name, { role });
      return answered({ role, from: user.role });
    });
  }

  /** Whoever is logged in as the user is not any more; tokens, which were made on purpose, stay. */
  async setPassword(
    name: string,
    password: string,
    principal: Principal,
  ): Promise<ServiceAnswer<User>> {
    const hashed = await unlessTooMany(() => this.#parts.hasher.hash(password));
    if (!hashed.ok) return hashed;
    const { now } = this.#parts;
    return this.#change(name, "user.password", principal, async (inside) => {
      await inside.users.update(name, { password: hashed.value, passwordAtMs: now() });
      await new LoginGuard(inside.loginFailures, now).succeed(name);
      return answered({ sessionsEnded: await inside.sessions.removeByUser(name) });
    });
  }

  disable(name: string, principal: Principal): Promise<ServiceAnswer<User>> {
    const { now } = this.#parts;
    return this.#change(name, "user.disable", principal, async (inside, user) => {
      const refusal = await lastAdmin(inside, user);
      if (refusal !== undefined) return refused(409, `Cannot disable "${name}": ${refusal}`);
      await inside.users.update(name, { disabledAtMs: user.disabledAtMs ?? now() });
      return answered({ sessionsEnded: await inside.sessions.removeByUser(name) });
    });
  }

  enable(name: string, principal: Principal): Promise<ServiceAnswer<User>> {
    const { now } = this.#parts;
    return this.#change(name, "user.enable", principal, async (inside) => {
      await inside.users.update(name, { disabledAtMs: null });
      await new LoginGuard(inside.loginFailures, now).succeed(name);
      return answered({});
    });
  }

  async remove(
    name: string,
    principal: Principal,
  ): Promise<ServiceAnswer<{ name: string; tokensRevoked: number }>> {
    const { store, audit, now } = this.#parts;
    return await store.transaction(async (inside) => {
      const user = await inside.users.find(name);
      if (!user) return unknown(name);
      const refusal = await lastAdmin(inside, user);
      if (refusal !== undefined) return refused(409, `Cannot remove "${name}": ${refusal}`);
      await inside.users.remove(name);
      const sessionsEnded = await inside.sessions.removeByUser(name);
      // Not only unusable: somebody of the same name who comes later must not inherit them.
      const tokensRevoked = await inside.apiTokens.revokeByOwner(name, now());
      await audit.recordInside(inside, principal, "user.remove", {
        user: name,
        sessionsEnded,
        tokensRevoked,
      });
      return answered({ name, tokensRevoked });
    });
  }

  async #change(
    name: string,
    action: string,
    principal: Principal,
    change: Change,
  ): Promise<ServiceAnswer<User>> {
    const { store, audit } = this.#parts;
    return await store.transaction(async (inside) => {
      const user = await inside.users.find(name);
      if (!user) return unknown(name);
      const result = await change(inside, user);
      if (!result.ok) return result;
      await audit.recordInside(inside, principal, action, { user: name, ...result.value });
      return answered(describeUser(await inside.users.find(name) ?? user));
    });
  }
}

/** Why this user must stay an administrator who may log in; `undefined` if there is another. */
async function lastAdmin(store: Store, user: UserRecord): Promise<string | undefined> {
  const isAdmin = (one: UserRecord) => one.role === "admin" && one.disabledAtMs === null;
  const others = (await store.users.list()).filter((one) => one.name !== user.name && isAdmin(one));
  return !isAdmin(user) || others.length > 0
    ? undefined
    : "nobody else is an administrator. Make another user admin first";
}

function unknown(name: string): ReturnType<typeof refused> {
  return refused(404, `There is no user ${JSON.stringify(name)}`);
}

function describeUser(user: UserRecord): User {
  const { name, role, createdAtMs, createdBy, passwordAtMs, lastLoginMs, disabledAtMs } = user;
  return {
    name,
    role,
    enabled: disabledAtMs === null,
    createdAtMs,
    createdBy,
    passwordAtMs,
    lastLoginMs,
  };
}

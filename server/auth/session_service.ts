import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import { Buffer } from "node:buffer";
import { sha256Hex } from "../../shared/crypto/sha256.ts";
import type { Who } from "../../shared/rest/session.ts";
import type { AuditLog } from "../audit/audit_log.ts";
import { answered, refused, type ServiceAnswer } from "../enroll/service_answer.ts";
import type { SessionRecord, UserRecord } from "../store/people_store.ts";
import type { Store } from "../store/store.ts";
import type { SessionHolders } from "./authenticator.ts";
import { FORGOTTEN_AFTER_MS, LoginGuard } from "./login_guard.ts";
import { type PasswordHasher, TooManyPasswordsError } from "./password_hash.ts";
import type { Principal, UserPrincipal } from "./principal.ts";

/** A session that nobody uses for so long has ended. */
export const SESSION_IDLE_MS = 15 * 60_000;
/** However busy it is, a session ends once a day's work is done. */
export const SESSION_LIFETIME_MS = 12 * 3_600_000;
/** The use of a session is written this often at most; a session ends this much early at worst. */
const TOUCH_INTERVAL_MS = 10_000;
/** 256 bits: past guessing, so that a plain hash may be kept. */
const COOKIE_BYTES = 32;
/** Sessions that one user can have; a further login ends the one longest unused. */
const MAX_SESSIONS = 20;
/** API tokens long past are forgotten after so long; the audit log has them still. */
const TOKEN_MEMORY_MS = 90 * 86_400_000;

export interface SessionServiceParts {
  readonly store: Store;
  readonly audit: Pick<AuditLog, "record" | "recordInside">;
  readonly hasher: PasswordHasher;
  readonly now: () => number;
}

/** A login that succeeded. */
export interface Login {
  /** For the browser alone; the store has its SHA-256. */
  readonly cookie: string;
  readonly who: Who;
}

/** Logs people in and out, and knows who is. */
export class SessionService implements SessionHolders {
  readonly #parts: SessionServiceParts;
  readonly #guard: LoginGuard;

  constructor(parts: SessionServiceParts) {
    this.#parts = parts;
    this.#guard = new LoginGuard(parts.store.loginFailures, parts.now);
  }

  async holderOf(cookie: string, isAutomatic: boolean): Promise<UserPrincipal | undefined> {
    const { store, now } = this.#parts;
    const session = await store.sessions.find(sha256Hex(cookie));
    if (!session || isOver(session, now())) return undefined;
    const user = await store.users.find(session.user);
    if (!user || user.disabledAtMs !== null) return undefined;
    if (!isAutomatic && now() - session.activeAtMs >= TOUCH_INTERVAL_MS) {
      await store.sessions.touch(session.hash, now());
    }
    return principalOf(user, session.hash);
  }

  isCsrfToken(cookie: string, token: string): boolean {
    const [expected, given] = [Buffer.from(csrfTokenOf(cookie)), Buffer.from(token)];
    return expected.length === given.length && timingSafeEqual(expected, given);
  }

  /** Checks a name and a password. Whether the name or the password was wrong shows neither in the answer nor in its time. */
  async login(
    { name, password }: { name: string; password: string },
    address: string,
  ): Promise<ServiceAnswer<Login>> {
    const { store, audit, hasher, now } = this.#parts;
    const given = name.toLowerCase();
    const waitMs = await this.#guard.waitMs(given, address);
    if (waitMs > 0) return tooManyAttempts(waitMs);
    await this.#guard.begin(given);
    const user = await store.users.find(given);
    const isRight = await this.#verify(password, user);
    if (!isRight.ok) return isRight;
    if (!isRight.value || !user || user.disabledAtMs !== null) {
      await this.#guard.fail(address);
      // Of a name that is nobody's nothing is kept: people type passwords there too.
      await audit.record({ name: "anonymous" }, "session.refused", {
        user: user?.name ?? null,
        address,
      });
      return refused(401, "The name or the password is wrong");
    }
    await this.#guard.succeed(given);
    const rehashed = hasher.isOutdated(user.password) ? await hasher.hash(password) : undefined;
    const cookie = randomBytes(COOKIE_BYTES).toString("base64url");
    const session: SessionRecord = {
      hash: sha256Hex(cookie),
      user: user.name,
      createdAtMs: now(),
      activeAtMs: now(),
    };
    const principal = principalOf(user, session.hash);
    return await store.transaction(async (inside) => {
      // What an administrator did while the password was checked counts.
      const current = await inside.users.find(user.name);
      if (!current || current.disabledAtMs !== null || current.password !== user.password) {
        return refused(401, "The name or the password is wrong");
      }
      await inside.users.update(user.name, {
        lastLoginMs: now(),
        ...(rehashed === undefined ? {} : { password: rehashed }),
      });
      const others = await inside.sessions.listByUser(user.name);
      for (const { hash } of others.slice(0, Math.max(0, others.length - MAX_SESSIONS + 1))) {
        await inside.sessions.remove(hash);
      }
      await inside.sessions.add(session);
      await audit.recordInside(inside, principal, "session.login", { address });
      return answered({ cookie, who: describe(principal, session, cookie) });
    });
  }

  /** Who asks, as the caller is told. */
  async show(principal: Principal, cookie: string | undefined): Promise<ServiceAnswer<Who>> {
    switch (principal.kind) {
      case "local_root":
        return answered({
          principal: principal.name,
          user: null,
          role: "admin",
          csrfToken: null,
          endsAtMs: null,
        });
      case "token":
        return answered({
          principal: principal.name,
          user: principal.owner,
          role: principal.role,
          csrfToken: null,
          endsAtMs: principal.expiresAtMs,
        });
      case "user": {
        const session = await this.#parts.store.sessions.find(principal.session);
        if (!session) return refused(401, "The session has ended: log in again");
        return answered(describe(principal, session, cookie ?? ""));
      }
      default:
        return refused(403, `${principal.name} has no session`);
    }
  }

  /** Ends the session that asks; false if a token asks, which has none. */
  async logout(principal: Principal): Promise<boolean> {
    if (principal.kind !== "user") return false;
    const { store, audit } = this.#parts;
    return await store.transaction(async (inside) => {
      const ended = await inside.sessions.remove(principal.session);
      if (ended) await audit.recordInside(inside, principal, "session.logout", {});
      return ended;
    });
  }

  /** Changes the password of whoever asks, who proves the old one; the user's other sessions end. */
  async changePassword(
    { current, password }: { current: string; password: string },
    principal: Principal,
    address: string,
  ): Promise<ServiceAnswer<{ changed: true }>> {
    const { store, audit, hasher, now } = this.#parts;
    if (principal.kind !== "user") {
      return refused(403, "Only who is logged in can change a password: a token has none");
    }
    const waitMs = await this.#guard.waitMs(principal.user, address);
    if (waitMs > 0) return tooManyAttempts(waitMs);
    await this.#guard.begin(principal.user);
    const user = await store.users.find(principal.user);
    const isRight = await this.#verify(current, user);
    if (!isRight.ok) return isRight;
    if (!isRight.value) {
      await this.#guard.fail(address);
      await audit.record(principal, "session.refused", { user: principal.user, address });
      return refused(403, "The current password is wrong");
    }
    await this.#guard.succeed(principal.user);
    const hashed = await hasher.hash(password);
    await store.transaction(async (inside) => {
      await inside.users.update(principal.user, { password: hashed, passwordAtMs: now() });
      const sessionsEnded = await inside.sessions.removeByUser(principal.user, principal.session);
      await audit.recordInside(inside, principal, "user.password", {
        user: principal.user,
        sessionsEnded,
      });
    });
    return answered({ changed: true });
  }

  /** Forgets sessions that have ended, failures long past and tokens long over. */
  async prune(): Promise<void> {
    const { store, now } = this.#parts;
    await store.sessions.prune({
      activeBeforeMs: now() - SESSION_IDLE_MS,
      createdBeforeMs: now() - SESSION_LIFETIME_MS,
    });
    await store.loginFailures.prune(now() - FORGOTTEN_AFTER_MS);
    await store.apiTokens.prune(now() - TOKEN_MEMORY_MS);
  }

  async #verify(password: string, user: UserRecord | undefined): Promise<ServiceAnswer<boolean>> {
    try {
      return answered(await this.#parts.hasher.verify(password, user?.password));
    } catch (error) {
      if (!(error instanceof TooManyPasswordsError)) throw error;
      return refused(503, `${error.message}; try again in a moment`, 2000);
    }
  }
}

/** Whether a session has ended, by idleness or by age. */
export function isOver({ createdAtMs, activeAtMs }: SessionRecord, nowMs: number): boolean {
  return nowMs - activeAtMs >= SESSION_IDLE_MS || nowMs - createdAtMs >= SESSION_LIFETIME_MS;
}

/** The token that pages of a session send back; only who knows the cookie can make it, and it does not give the cookie away. */
export function csrfTokenOf(cookie: string): string {
  return createHmac("sha256", cookie).update("vigo.csrf.v1").digest("base64url");
}

function tooManyAttempts(waitMs: number): ReturnType<typeof refused> {
  return refused(
    429,
    `Too many failed logins: try again in ${Math.ceil(waitMs / 1000)} s`,
    waitMs,
  );
}

function principalOf({ name, role }: UserRecord, session: string): UserPrincipal {
  return { kind: "user", name: `user:${name}`, user: name, role, session };
}

function describe(principal: UserPrincipal, session: SessionRecord, cookie: string): Who {
  return {
    principal: principal.name,
    user: principal.user,
    role: principal.role,
    csrfToken: csrfTokenOf(cookie),
    endsAtMs: Math.min(
      session.activeAtMs + SESSION_IDLE_MS,
      session.createdAtMs + SESSION_LIFETIME_MS,
    ),
  };
}

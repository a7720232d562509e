import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import { Buffer } from "node:buffer";
import { sha256Hex } from "../../shared/crypto/sha256.ts";
import type { SessionInfo, Who } from "../../shared/rest/session.ts";
import type { AuditLog } from "../audit/audit_log.ts";
import { answered, refused, type ServiceAnswer } from "../service/service_answer.ts";
import type { SessionRecord } from "../store/people_store.ts";
import type { Store } from "../store/store.ts";
import type { SessionHolders } from "./authenticator.ts";
import { FORGOTTEN_AFTER_MS } from "./login_guard.ts";
import { type PasswordCheck, unlessTooMany, WRONG } from "./password_check.ts";
import type { PasswordHasher } from "./password_hash.ts";
import { type Principal, type UserPrincipal, userPrincipal } from "../service/principal.ts";

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
  readonly audit: Pick<AuditLog, "recordInside">;
  readonly hasher: PasswordHasher;
  readonly passwords: PasswordCheck;
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

  constructor(parts: SessionServiceParts) {
    this.#parts = parts;
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
    return userPrincipal(user, session.hash);
  }

  isCsrfToken(cookie: string, token: string): boolean {
    const [expected, given] = [Buffer.from(csrfTokenOf(cookie)), Buffer.from(token)];
    return expected.length === given.length && timingSafeEqual(expected, given);
  }

  /** Logs in whose name and password these are. */
  async login(
    credentials: { readonly name: string; readonly password: string },
    address: string,
  ): Promise<ServiceAnswer<Login>> {
    const { store, audit, passwords, now } = this.#parts;
    const checked = await passwords.check(credentials, address);
    if (!checked.ok) return checked;
    const user = checked.value;
    const cookie = randomBytes(COOKIE_BYTES).toString("base64url");
    const session: SessionRecord = {
      hash: sha256Hex(cookie),
      user: user.name,
      createdAtMs: now(),
      activeAtMs: now(),
    };
    const principal = userPrincipal(user, session.hash);
    return await store.transaction(async (inside) => {
      // What an administrator did while the password was checked counts.
      const current = await inside.users.find(user.name);
      if (!current || current.disabledAtMs !== null || current.password !== user.password) {
        return WRONG;
      }
      await inside.users.update(user.name, { lastLoginMs: now() });
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

  /** The sessions of whoever asks, the newest first; somebody without any has none. */
  async list(principal: Principal): Promise<SessionInfo[]> {
    if (principal.kind !== "user") return [];
    const { store, now } = this.#parts;
    return (await store.sessions.listByUser(principal.user))
      .filter((session) => !isOver(session, now()))
      .map(({ hash, createdAtMs, activeAtMs }) => ({
        id: sessionId(hash),
        createdAtMs,
        activeAtMs,
        current: hash === principal.session,
      }))
      .sort((one, other) => other.createdAtMs - one.createdAtMs);
  }

  /** Ends one of the sessions of whoever asks; false if it has none of that id. */
  async end(id: string, principal: Principal): Promise<boolean> {
    if (principal.kind !== "user") return false;
    const { store, audit } = this.#parts;
    return await store.transaction(async (inside) => {
      const own = await inside.sessions.listByUser(principal.user);
      const found = own.find(({ hash }) => sessionId(hash) === id);
      const ended = found !== undefined && await inside.sessions.remove(found.hash);
      if (ended) await audit.recordInside(inside, principal, "session.end", { id });
      return ended;
    });
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
    const { store, audit, hasher, passwords, now } = this.#parts;
    if (principal.kind !== "user") {
      return refused(403, "Only who is logged in can change a password: a token has none");
    }
    const checked = await passwords.check({ name: principal.user, password: current }, address);
    // Not 401, which would say that the session has ended.
    if (!checked.ok) {
      return checked === WRONG ? refused(403, "The current password is wrong") : checked;
    }
    const hashed = await unlessTooMany(() => hasher.hash(password));
    if (!hashed.ok) return hashed;
    return await store.transaction(async (inside) => {
      const user = await inside.users.find(principal.user);
      // What an administrator did meanwhile counts, or a stolen password would outlive the one that replaced it.
      if (!user || user.disabledAtMs !== null || user.password !== checked.value.password) {
        return refused(403, "The current password is wrong");
      }
      await inside.users.update(principal.user, {
        password: hashed.value,
        passwordAtMs: now(),
      });
      const sessionsEnded = await inside.sessions.removeByUser(principal.user, principal.session);
      await audit.recordInside(inside, principal, "user.password", {
        user: principal.user,
        sessionsEnded,
      });
      return answered({ changed: true });
    });
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
}

/** Characters of a hash that name a session: far too few to find the cookie by, and no two of a user's are alike. */
const ID_LENGTH = 12;

function sessionId(hash: string): string {
  return hash.slice(0, ID_LENGTH);
}

/** Whether a session has ended, by idleness or by age. */
export function isOver({ createdAtMs, activeAtMs }: SessionRecord, nowMs: number): boolean {
  return nowMs - activeAtMs >= SESSION_IDLE_MS || nowMs - createdAtMs >= SESSION_LIFETIME_MS;
}

/** The token that pages of a session send back; only who knows the cookie can make it, and it does not give the cookie away. */
export function csrfTokenOf(cookie: string): string {
  return createHmac("sha256", cookie).update("vigo.csrf.v1").digest("base64url");
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

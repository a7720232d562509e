import { networkOf } from "../../shared/platform/network_of.ts";
import type { AuditLog } from "../audit/audit_log.ts";
import { answered, type Refused, refused, type ServiceAnswer } from "../service/service_answer.ts";
import type { UserRecord } from "../store/people_store.ts";
import type { Store } from "../store/store.ts";
import { LoginGuard } from "./login_guard.ts";
import { type PasswordHasher, TooManyPasswordsError } from "./password_hash.ts";

export interface PasswordCheckParts {
  readonly store: Store;
  readonly audit: Pick<AuditLog, "record">;
  readonly hasher: PasswordHasher;
  readonly now: () => number;
}

/** The one place where a password is compared: slowed down for whoever guesses, and silent about which names there are. */
export class PasswordCheck {
  readonly #parts: PasswordCheckParts;
  readonly #guard: LoginGuard;
  /** Attempts that are being looked at, by network. */
  readonly #underWay = new Map<string, number>();

  constructor(parts: PasswordCheckParts) {
    this.#parts = parts;
    this.#guard = new LoginGuard(parts.store.loginFailures, parts.now);
  }

  /**
   * The user whose name and password these are. Whether the name or the password was wrong shows neither in the answer nor in
   * the work that it takes.
   */
  async check(
    { name, password }: { readonly name: string; readonly password: string },
    address: string,
  ): Promise<ServiceAnswer<UserRecord>> {
    const { store, now } = this.#parts;
    const given = name.toLowerCase();
    const network = networkOf(address);
    const waitMs = await store.transaction(async (inside) => {
      const guard = new LoginGuard(inside.loginFailures, now);
      const waitMs = await guard.begin(given, address, this.#underWay.get(network) ?? 0);
      if (waitMs === 0) this.#noteUnderWay(network, 1);
      return waitMs;
    });
    if (waitMs > 0) {
      const seconds = Math.ceil(waitMs / 1000);
      return refused(429, `Too many failed logins: try again in ${seconds} s`, waitMs);
    }
    try {
      return await this.#compare(given, password, address);
    } finally {
      this.#noteUnderWay(network, -1);
    }
  }

  async #compare(
    given: string,
    password: string,
    address: string,
  ): Promise<ServiceAnswer<UserRecord>> {
    const { store, audit, hasher } = this.#parts;
    const user = await store.users.find(given);
    const isRight = await unlessTooMany(() => hasher.verify(password, user?.password));
    if (!isRight.ok) return isRight;
    if (!isRight.value || !user || user.disabledAtMs !== null) {
      await this.#guard.fail(address);
      // Of a name that is nobody's nothing is kept: people type passwords there too.
      await audit.record({ name: "anonymous" }, "session.refused", {
        user: user?.name ?? null,
        address,
      });
      return WRONG;
    }
    await this.#guard.succeed(given);
    if (!hasher.isOutdated(user.password)) return answered(user);
    const rehashed = await unlessTooMany(() => hasher.hash(password));
    if (!rehashed.ok) return rehashed;
    const isStillSo = await this.#replace(user, rehashed.value);
    return isStillSo ? answered({ ...user, password: rehashed.value }) : WRONG;
  }

  #noteUnderWay(network: string, change: 1 | -1): void {
    const count = (this.#underWay.get(network) ?? 0) + change;
    if (count > 0) this.#underWay.set(network, count);
    else this.#underWay.delete(network);
  }

  /** Stores a dearer hash of the same password, unless the password was changed meanwhile. */
  async #replace(user: UserRecord, password: string): Promise<boolean> {
    return await this.#parts.store.transaction(async (inside) => {
      if ((await inside.users.find(user.name))?.password !== user.password) return false;
      return await inside.users.update(user.name, { password });
    });
  }
}

/** What whoever gets name, password or both wrong is told. */
export const WRONG: Refused = refused(401, "The name or the password is wrong");

/** The value of hashing a password, or a refusal while too many wait. */
export async function unlessTooMany<T>(hashing: () => Promise<T>): Promise<ServiceAnswer<T>> {
  try {
    return answered(await hashing());
  } catch (error) {
    if (!(error instanceof TooManyPasswordsError)) throw error;
    return refused(503, `${error.message}; try again in a moment`, 2000);
  }
}

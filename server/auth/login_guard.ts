import type { LoginFailureRepository } from "../store/people_store.ts";
import { networkOf } from "../../shared/platform/network_of.ts";

/** How many failures in a row cost nothing; each further one doubles the wait from a second on. */
const FREE_FAILURES = { user: 4, address: 20 } as const;
/** The longest wait. A guess each quarter of an hour finds nothing, and a user who is kept out can ask an administrator. */
export const MAX_LOCK_MS = 15 * 60_000;
/** How long an attempt waits while others of its address are looked at. */
const CROWD_WAIT_MS = 1_000;
/** Failures longer ago are forgotten. */
export const FORGOTTEN_AFTER_MS = 24 * 3_600_000;

/**
 * Slows down whoever guesses passwords: by the name that is tried, whether there is such a user or not, and by the address
 * that tries. What it knows is kept in the store, so that a restart forgets nothing.
 */
export class LoginGuard {
  readonly #failures: LoginFailureRepository;
  readonly #now: () => number;

  /** @param now ms since 1970. */
  constructor(failures: LoginFailureRepository, now: () => number) {
    this.#failures = failures;
    this.#now = now;
  }

  /** How long attempts under this name have to wait, in ms. */
  lockedMs(user: string): Promise<number> {
    return this.#wait(userSubject(user), FREE_FAILURES.user);
  }

  /**
   * Counts an attempt under a name before it is looked at, unless it has to wait. Many at once are not one only if this runs
   * in a transaction: each must see those that were counted before it.
   *
   * @param underWay attempts of the same address that are being looked at, and may fail.
   * @returns how long it has to wait, in ms; 0 if it may be made now.
   */
  async begin(user: string, address: string, underWay: number): Promise<number> {
    const subject = addressSubject(address);
    const failures = (await this.#failures.find(subject))?.failures ?? 0;
    const isCrowd = underWay > 0 && failures + underWay > FREE_FAILURES.address;
    const waitMs = Math.max(
      await this.lockedMs(user),
      await this.#wait(subject, FREE_FAILURES.address),
      isCrowd ? CROWD_WAIT_MS : 0,
    );
    if (waitMs === 0) await this.#count(userSubject(user));
    return waitMs;
  }

  /** Counts a failure of the address. */
  async fail(address: string): Promise<void> {
    await this.#count(addressSubject(address));
  }

  /** Forgets the failures under a name. Those of the address stay: one good account is no pass to guess at others. */
  async succeed(user: string): Promise<void> {
    await this.#failures.remove(userSubject(user));
  }

  async #count(subject: string): Promise<void> {
    const nowMs = this.#now();
    await this.#failures.count(subject, nowMs, nowMs - FORGOTTEN_AFTER_MS);
  }

  async #wait(subject: string, free: number): Promise<number> {
    const known = await this.#failures.find(subject);
    if (!known || known.failures <= free) return 0;
    const lockMs = Math.min(MAX_LOCK_MS, 1000 * 2 ** (known.failures - free - 1));
    const nowMs = this.#now();
    // A clock that was set back must not lock anybody out for longer than a lock lasts.
    return Math.max(0, Math.min(lockMs, known.failedAtMs + lockMs - nowMs));
  }
}

function userSubject(user: string): string {
  return `user:${user}`;
}

function addressSubject(address: string): string {
  return `address:${networkOf(address)}`;
}

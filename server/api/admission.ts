import type { Context } from "hono";
import type { Permission } from "../../shared/rest/endpoint.ts";
import type { Authentication } from "../auth/credentials.ts";
import { checkPermission } from "../auth/permissions.ts";
import { ANONYMOUS, type Principal } from "../service/principal.ts";
import { ApiError, retryAfter } from "./api_error.ts";
import type { RequestBudgets } from "./request_budgets.ts";

/**
 * Says who asks, from the request's headers and its connection.
 *
 * @param isAutomatic nobody asks just now, so that no session lives on for it.
 */
export type Authenticate = (
  context: Context,
  isAutomatic: boolean,
) => Authentication | Promise<Authentication>;

/** Who was let in, and from where. */
export interface Admitted {
  readonly principal: Principal;
  /** Empty if the runtime does not tell. */
  readonly address: string;
}

/**
 * The one door of the HTTP listener. REST, pages and streams come through it before they look at a request: who asks, how
 * often, and may they.
 */
export class Admission {
  readonly #authenticate: Authenticate;
  readonly #budgets: RequestBudgets;

  constructor(authenticate: Authenticate, budgets: RequestBudgets) {
    this.#authenticate = authenticate;
    this.#budgets = budgets;
  }

  /** @throws {ApiError} 401, 403 or 429 with one line that says what to do. */
  async admit(context: Context, permission: Permission): Promise<Admitted> {
    const address = remoteAddress(context);
    const authentication = await this.#authenticate(context, false);
    const principal = authentication.ok ? authentication.principal : ANONYMOUS;
    // Failed proofs count against the address, so that nobody tries tokens at full speed.
    const waitMs = this.#budgets.take(principal, address);
    if (waitMs > 0) {
      throw new ApiError(429, "Too many requests at once: send fewer, or wait between them", {
        headers: retryAfter(waitMs),
      });
    }
    if (!authentication.ok && !(permission === "none" && authentication.isByCookie)) {
      throw new ApiError(authentication.status, authentication.reason);
    }
    const verdict = checkPermission(principal, permission);
    if (!verdict.ok) throw new ApiError(verdict.status, verdict.reason);
    return { principal, address };
  }

  /** Whether whoever was let in would be again: a session ends, a token is revoked, a role changes while a stream is read. */
  async isStillAdmitted(context: Context, permission: Permission): Promise<boolean> {
    const authentication = await this.#authenticate(context, true);
    return authentication.ok && checkPermission(authentication.principal, permission).ok;
  }
}

/** The address at the other end of the connection. Headers that name another are not believed. */
export function remoteAddress(context: Context): string {
  const address: unknown = context.env?.incoming?.socket?.remoteAddress;
  return typeof address === "string" ? address : "";
}

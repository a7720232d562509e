import type { PersonRole } from "../../shared/rest/roles.ts";

/**
 * Who a request comes from, as far as it proved it. A source address grants nothing.
 *
 * `local_root` holds the token that vigosrv minted at its start, readable by root alone; `user` is a person with a session;
 * `token` holds an API token; `envoy` offered a certificate of this fleet; everybody else is `anonymous`. The name is what
 * the audit log has.
 */
export type Principal =
  | { readonly kind: "local_root"; readonly name: "local-root" }
  | UserPrincipal
  | TokenPrincipal
  | { readonly kind: "envoy"; readonly name: string; readonly envoyUuid: string }
  | { readonly kind: "anonymous"; readonly name: "anonymous" };

/** A person at a web page. */
export interface UserPrincipal {
  readonly kind: "user";
  readonly name: `user:${string}`;
  readonly user: string;
  readonly role: PersonRole;
  /** SHA-256 of the session's cookie, hex. */
  readonly session: string;
}

/** Whoever holds an API token. */
export interface TokenPrincipal {
  readonly kind: "token";
  readonly name: `token:${string}`;
  /** SHA-256 of the token, hex. */
  readonly hash: string;
  /** The user for whom it was made; `null` if local root made it for itself. */
  readonly owner: string | null;
  /** Never above that of its owner now. */
  readonly role: PersonRole;
  readonly expiresAtMs: number;
}

export const LOCAL_ROOT: Principal = { kind: "local_root", name: "local-root" };
export const ANONYMOUS: Principal = { kind: "anonymous", name: "anonymous" };

/**
 * A user as a principal.
 *
 * @param session SHA-256 of its cookie, hex; empty if a password alone was shown.
 */
export function userPrincipal(
  { name, role }: { readonly name: string; readonly role: PersonRole },
  session: string,
): UserPrincipal {
  return { kind: "user", name: `user:${name}`, user: name, role, session };
}

/** The principal of an envoy; its name in the audit log is `envoy:<uuid>`. */
export function envoyPrincipal(envoyUuid: string): Principal {
  return { kind: "envoy", name: `envoy:${envoyUuid}`, envoyUuid };
}

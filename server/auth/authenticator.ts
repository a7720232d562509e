import type {
  Authentication,
  ClientCertificate,
  Credentials,
  SessionCredentials,
} from "./credentials.ts";
import {
  ANONYMOUS,
  envoyPrincipal,
  LOCAL_ROOT,
  type TokenPrincipal,
  type UserPrincipal,
} from "../service/principal.ts";
import type { TokenDigest } from "./token_digest.ts";

/** Says whether an envoy is still one of the fleet. */
export interface EnvoyTrust {
  isTrusted(certificate: ClientCertificate): boolean;
}

/** Knows the API tokens that people made. */
export interface TokenHolders {
  /** Whoever holds the token now; `undefined` if it is unknown, revoked, expired, or its owner is gone. */
  holderOf(token: string): Promise<TokenPrincipal | undefined>;
}

/** Knows who is logged in. */
export interface SessionHolders {
  /** Whose session it is; `undefined` if it is unknown or has ended. One that is used lives on, unless `isAutomatic`. */
  holderOf(cookie: string, isAutomatic: boolean): Promise<UserPrincipal | undefined>;
  /** Whether this is the token that the session's pages carry. */
  isCsrfToken(cookie: string, token: string): boolean;
}

export interface AuthenticatorParts {
  readonly localToken: TokenDigest;
  readonly envoys: EnvoyTrust;
  readonly tokens: TokenHolders;
  readonly sessions: SessionHolders;
}

/** Longest token or cookie looked at, in characters; longer ones are not hashed. */
const MAX_TOKEN_LENGTH = 512;

/**
 * Finds out who asks. A token decides alone when one is sent, and then a session: a wrong one is refused, never ignored.
 */
export class Authenticator {
  readonly #parts: AuthenticatorParts;

  constructor(parts: AuthenticatorParts) {
    this.#parts = parts;
  }

  async authenticate(
    { authorization, session, certificate }: Credentials,
  ): Promise<Authentication> {
    if (authorization !== undefined) return await this.#byToken(authorization);
    if (session !== undefined) return await this.#bySession(session);
    if (certificate && this.#parts.envoys.isTrusted(certificate)) {
      return { ok: true, principal: envoyPrincipal(certificate.envoyUuid) };
    }
    return { ok: true, principal: ANONYMOUS };
  }

  async #byToken(authorization: string): Promise<Authentication> {
    const [, token] = /^Bearer +(\S+)$/i.exec(authorization) ?? [];
    if (token === undefined) {
      return refused('Cannot read the Authorization header: send "Bearer TOKEN"');
    }
    if (token.length <= MAX_TOKEN_LENGTH) {
      const { localToken, tokens } = this.#parts;
      if (localToken.matches(token)) return { ok: true, principal: LOCAL_ROOT };
      const principal = await tokens.holderOf(token);
      if (principal) return { ok: true, principal };
    }
    return refused(
      "The token is not valid: it is unknown, expired or revoked, or its owner may not log in. The local one changes at each start of vigosrv: read it again",
    );
  }

  async #bySession(session: SessionCredentials): Promise<Authentication> {
    const { cookie, isWrite, csrfToken, isForeign, isAutomatic } = session;
    const { sessions } = this.#parts;
    // Before the session is looked up, so that what another site caused keeps none alive.
    if (isWrite && (isForeign || !this.#isFromOurPage(cookie, csrfToken))) {
      return {
        ok: false,
        status: 403,
        reason:
          "This request does not come from a page of this server, or the page is of an older session: reload it",
        isByCookie: true,
      };
    }
    const principal = cookie.length <= MAX_TOKEN_LENGTH
      ? await sessions.holderOf(cookie, isAutomatic)
      : undefined;
    if (principal) return { ok: true, principal };
    return { ...refused("The session has ended: log in again"), isByCookie: true };
  }

  #isFromOurPage(cookie: string, csrfToken: string | undefined): boolean {
    return csrfToken !== undefined && csrfToken.length <= MAX_TOKEN_LENGTH &&
      cookie.length <= MAX_TOKEN_LENGTH && this.#parts.sessions.isCsrfToken(cookie, csrfToken);
  }
}

function refused(reason: string): Extract<Authentication, { ok: false }> {
  return { ok: false, status: 401, reason, isByCookie: false };
}

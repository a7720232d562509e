import type { TokenDigest } from "./token_digest.ts";
import { ANONYMOUS, envoyPrincipal, LOCAL_ROOT, type Principal } from "./principal.ts";

/** A client certificate whose chain to the fleet's CA the TLS layer has verified. */
export interface ClientCertificate {
  /** From its SAN `URI:vigo:envoy:<uuid>`. */
  readonly envoyUuid: string;
  /** The envoy's ed25519 public key that is bound in it, hex. */
  readonly signingKey: string;
  /** SHA-256 of the DER, hex. */
  readonly fingerprint: string;
}

/** Says whether an envoy is still one of the fleet. */
export interface EnvoyTrust {
  isTrusted(certificate: ClientCertificate): boolean;
}

/** What a request offers as proof. */
export interface Credentials {
  /** The `Authorization` header. */
  readonly authorization: string | undefined;
  readonly certificate: ClientCertificate | undefined;
}

export type Authentication =
  | { readonly ok: true; readonly principal: Principal }
  | { readonly ok: false; readonly reason: string };

/** Longest token looked at, in characters; longer ones are not hashed. */
const MAX_TOKEN_LENGTH = 512;

/** Finds out who asks. A token decides alone when one is sent: a wrong one is refused, never ignored. */
export class Authenticator {
  readonly #localToken: TokenDigest;
  readonly #envoys: EnvoyTrust;

  constructor(localToken: TokenDigest, envoys: EnvoyTrust) {
    this.#localToken = localToken;
    this.#envoys = envoys;
  }

  authenticate({ authorization, certificate }: Credentials): Authentication {
    if (authorization !== undefined) return this.#byToken(authorization);
    if (certificate && this.#envoys.isTrusted(certificate)) {
      return { ok: true, principal: envoyPrincipal(certificate.envoyUuid) };
    }
    return { ok: true, principal: ANONYMOUS };
  }

  #byToken(authorization: string): Authentication {
    const [, token] = /^Bearer +(\S+)$/i.exec(authorization) ?? [];
    if (token === undefined) {
      return { ok: false, reason: 'Cannot read the Authorization header: send "Bearer TOKEN"' };
    }
    if (token.length <= MAX_TOKEN_LENGTH && this.#localToken.matches(token)) {
      return { ok: true, principal: LOCAL_ROOT };
    }
    return {
      ok: false,
      reason:
        "The token is not valid. The local one changes at each start of vigosrv: read it again",
    };
  }
}

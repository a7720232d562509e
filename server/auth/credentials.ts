import type { Principal } from "../service/principal.ts";

/** A client certificate whose chain to the fleet's CA the TLS layer has verified. */
export interface ClientCertificate {
  /** From its SAN `URI:vigo:envoy:<uuid>`. */
  readonly envoyUuid: string;
  /** The envoy's ed25519 public key that is bound in it, hex. */
  readonly signingKey: string;
  /** SHA-256 of the DER, hex. */
  readonly fingerprint: string;
}

/** What a request offers as proof. */
export interface Credentials {
  /** The `Authorization` header. */
  readonly authorization?: string | undefined;
  readonly certificate?: ClientCertificate | undefined;
  readonly session?: SessionCredentials | undefined;
}

/** A session's cookie, which a browser sends by itself, and what shows that a page of ours had it sent. */
export interface SessionCredentials {
  readonly cookie: string;
  /** Whether the request can change anything. */
  readonly isWrite: boolean;
  readonly csrfToken: string | undefined;
  /** The browser says that a page of another site is behind the request. */
  readonly isForeign: boolean;
  /** A page that refreshes itself is nobody at work, and keeps no session alive. */
  readonly isAutomatic: boolean;
}

export type Authentication =
  | { readonly ok: true; readonly principal: Principal }
  | {
    readonly ok: false;
    readonly status: 401 | 403;
    readonly reason: string;
    /** Only a cookie is wrong, which its owner may not even know of: without it the request is nobody's. */
    readonly isByCookie: boolean;
  };

import type { TlsIdentity } from "../../shared/platform/client_certificate_probe.ts";
import {
  certificateHostname,
  certificateLifetime,
  type Identity,
  writeEnrolment,
  writeTlsIdentity,
} from "../store/identity.ts";
import type { AgentLog } from "../runtime/agent_log.ts";
import { isRenewalDue } from "./renewal_due.ts";
import type { ServerGateway } from "../server_link/server_gateway.ts";
import type { SignedCaller } from "../server_link/signed_caller.ts";

/** Pause between attempts at a renewal: there are thirty days for them. */
const RETRY_MS = 60_000;

/** What a certificate keeper works with. */
export interface CertificateKeeperParts {
  readonly identity: Identity;
  readonly configFolder: string;
  /** Base of the REST listener. */
  readonly rest: string;
  readonly caller: SignedCaller;
  readonly gateway: ServerGateway;
  readonly log: AgentLog;
  nowMs(): number;
  /** The new certificate is on disk and in use. */
  onRenewed(identity: TlsIdentity): void;
}

/** Renews the certificate at two thirds of its life, and an expired one through the REST listener. */
export class CertificateKeeper {
  readonly #parts: CertificateKeeperParts;
  #tls: TlsIdentity;
  #hostname: string;
  #lifetime: { notBeforeMs: number; notAfterMs: number };
  #lastAttemptMs = Number.NEGATIVE_INFINITY;

  constructor(parts: CertificateKeeperParts) {
    this.#parts = parts;
    this.#tls = parts.identity.tls;
    this.#hostname = parts.identity.hostname;
    this.#lifetime = certificateLifetime(this.#tls.certificate);
  }

  get tls(): TlsIdentity {
    return this.#tls;
  }

  /** The name that the certificate binds. */
  get hostname(): string {
    return this.#hostname;
  }

  get notAfterMs(): number {
    return this.#lifetime.notAfterMs;
  }

  /** Whether TLS with this certificate is out of the question. */
  isExpired(): boolean {
    return this.#parts.caller.serverTimeMs() >= this.#lifetime.notAfterMs;
  }

  /**
   * Renews if it is due, or the server asks for it. A failure is logged and tried again later: the present certificate
   * stays in use until the next is durable.
   */
  async renewIfDue(isAsked: boolean): Promise<void> {
    const { caller, nowMs, log } = this.#parts;
    if (!isAsked && !isRenewalDue(this.#lifetime, caller.serverTimeMs())) return;
    if (nowMs() - this.#lastAttemptMs < RETRY_MS) return;
    this.#lastAttemptMs = nowMs();
    const expired = this.isExpired();
    // The certificate code is loaded once in two months instead of at every start.
    const { judgeRenewed, renewCertificate } = await import("./renewal.ts");
    try {
      const renewed = expired
        ? judgeRenewed(await this.#renewExpired())
        : await renewCertificate(caller, this.#hostname);
      if (!renewed.ok) {
        log.warn("certificate could not be renewed and stays", { reason: renewed.reason });
        return;
      }
      await this.#use(renewed.identity);
    } catch (error) {
      log[expired ? "error" : "warn"]("certificate could not be renewed", {
        expired,
        reason: error instanceof Error ? error.message : String(error),
      });
    }
  }

  async #renewExpired(): Promise<TlsIdentity> {
    const { renewExpired } = await import("../enroll/renew_expired.ts");
    return await renewExpired(this.#parts.rest, this.#parts.identity);
  }

  async #use(tls: TlsIdentity): Promise<void> {
    const { configFolder, gateway, log, onRenewed } = this.#parts;
    await writeTlsIdentity(configFolder, tls);
    const hostname = certificateHostname(tls.certificate) ?? this.#hostname;
    if (hostname !== this.#hostname) {
      const { envoyUuid } = this.#parts.identity;
      await writeEnrolment(configFolder, { envoyUuid, hostname });
      log.warn("this envoy was renamed", { before: this.#hostname, hostname });
      this.#hostname = hostname;
    }
    this.#tls = tls;
    this.#lifetime = certificateLifetime(tls.certificate);
    gateway.useIdentity(tls);
    onRenewed(tls);
    log.info("certificate renewed", {
      notAfter: new Date(this.#lifetime.notAfterMs).toISOString(),
    });
  }
}

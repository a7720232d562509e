import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import type { z } from "zod";
import { renewalBytes } from "../../shared/canonical/envoy_frames.ts";
import type { renew } from "../../shared/rest/enroll.ts";
import type { EnvoyState } from "../fleet/envoy_state.ts";
import type { FleetIndex } from "../fleet/fleet_index.ts";
import type { AuditLog } from "../audit/audit_log.ts";
import type { Store } from "../store/store.ts";
import type { Authority } from "./certificate_authority.ts";
import { type IssuedCertificate, MAX_CSR_BYTES, readCsrPublicKey } from "./certificates.ts";
import { answered, refused, type ServiceAnswer } from "../service/service_answer.ts";

/** How long a nonce for a renewal is good for, in ms. */
const NONCE_LIFETIME_MS = 60_000;
const RANDOM_BYTES = 16;
const TIME_BYTES = 8;
const MAC_BYTES = 16;
const NONCE_BYTES = RANDOM_BYTES + TIME_BYTES + MAC_BYTES;
/** Renewals that one minute may see; a fleet that comes back after a year off renews in turns. */
const MAX_USED_NONCES = 10_000;

/** The share of its life after which a certificate is renewed. */
const RENEW_AFTER = 2 / 3;

/** Whether two thirds of a certificate's life have passed. */
export function isRenewalDue(
  { notBeforeMs, notAfterMs }: { notBeforeMs: number; notAfterMs: number },
  nowMs: number,
): boolean {
  return nowMs >= notBeforeMs + (notAfterMs - notBeforeMs) * RENEW_AFTER;
}

export interface RenewalServiceOptions {
  readonly store: Store;
  readonly authority: Authority;
  readonly index: FleetIndex;
  readonly audit: Pick<AuditLog, "recordInside">;
  readonly now: () => number;
  /** `envoys.renew_grace`, in ms: how long after its expiry a certificate may still be renewed. */
  readonly renewGraceMs: number;
  /** Told of an envoy once its new certificate is known. */
  readonly onRenewed: (state: EnvoyState) => Promise<void>;
}

/** Renews the certificates of envoys: signed calls while they hold, a proof by the signing key once they have expired. */
export class RenewalService {
  readonly #options: RenewalServiceOptions;
  /** Of this process alone: a nonce from before a restart is worth nothing, and the agent asks again. */
  readonly #nonceKey = randomBytes(32);
  readonly #used = new Map<string, number>();

  constructor(options: RenewalServiceOptions) {
    this.#options = options;
  }

  /** A nonce for {@linkcode renewExpired}. It costs no memory, so that nobody can exhaust it by asking. */
  issueNonce(): { nonce: string } {
    const nonce = new Uint8Array(NONCE_BYTES);
    crypto.getRandomValues(nonce.subarray(0, RANDOM_BYTES));
    new DataView(nonce.buffer).setBigUint64(RANDOM_BYTES, BigInt(this.#options.now()));
    nonce.set(this.#mac(nonce), RANDOM_BYTES + TIME_BYTES);
    return { nonce: nonce.toHex() };
  }

  /** Issues another certificate for an envoy whose signed request was verified. */
  async renew(state: EnvoyState, csr: Uint8Array): Promise<ServiceAnswer<IssuedCertificate>> {
    const read = await readCsrPublicKey(csr);
    if (!read.ok) return refused(400, `Cannot renew: ${read.reason}`);
    const { store, authority, audit } = this.#options;
    const { uuid, hostname, signingKey } = state.record;
    const certificate = await authority.issueEnvoyCertificate(read.publicKey, {
      uuid,
      hostname,
      signingKey,
    });
    const isActive = await store.transaction(async (inside) => {
      // Between check and issue somebody may have revoked it.
      if ((await inside.envoys.find(uuid))?.state !== "active") return false;
      await inside.certificates.add({
        fingerprint: certificate.fingerprint,
        envoyUuid: uuid,
        notAfterMs: certificate.notAfterMs,
        revokedAtMs: null,
      });
      await audit.recordInside(inside, { name: `envoy:${uuid}` }, "envoy.renew", {
        uuid,
        fingerprint: certificate.fingerprint,
      });
      return true;
    });
    if (!isActive) return refused(403, `Cannot renew: envoy ${uuid} is revoked`);
    state.certificateNotAfterMs = certificate.notAfterMs;
    await this.#options.onRenewed(state);
    return answered(certificate);
  }

  /** Renews a certificate that has expired, within the grace, proven by the signing key over nonce and CSR. */
  async renewExpired(
    request: z.output<typeof renew.body>,
  ): Promise<ServiceAnswer<z.output<typeof renew.answer>>> {
    const nowMs = this.#options.now();
    const nonce = Uint8Array.fromHex(request.nonce.length % 2 === 0 ? request.nonce : "");
    if (!this.#isGenuine(nonce, nowMs)) {
      return refused(
        403,
        "Cannot renew: the nonce is not of this server or too old. Ask for another",
      );
    }
    let csr: Uint8Array, signature: Uint8Array;
    try {
      csr = Uint8Array.fromBase64(request.csr);
      signature = Uint8Array.fromBase64(request.signature);
    } catch {
      return refused(400, "Cannot renew: CSR and signature must be base64");
    }
    if (csr.length > MAX_CSR_BYTES) return refused(413, "Cannot renew: the CSR is too large");
    const { envoyUuid } = request;
    const state = this.#options.index.get(envoyUuid);
    // One answer for both, so that nobody can ask which UUIDs exist.
    if (!state?.verifier.verify(renewalBytes({ nonce, csr, envoyUuid }), signature)) {
      return refused(403, "Cannot renew: the signature is of no envoy of this fleet");
    }
    if (!this.#use(request.nonce, nowMs)) {
      return refused(403, "Cannot renew: the nonce was used. Ask for another");
    }
    if (state.record.state !== "active") {
      return refused(403, `Cannot renew: envoy ${envoyUuid} is revoked`);
    }
    const certificates = await this.#options.store.certificates.listByEnvoy(envoyUuid);
    const endsMs = Math.max(0, ...certificates.map(({ notAfterMs }) => notAfterMs));
    if (nowMs > endsMs + this.#options.renewGraceMs) {
      return refused(
        403,
        `Cannot renew: the certificate ended at ${
          new Date(endsMs).toISOString()
        }, longer ago than envoys.renew_grace. Enrol this machine again`,
      );
    }
    const renewed = await this.renew(state, csr);
    return renewed.ok ? answered({ certificate: renewed.value.pem }) : renewed;
  }

  #mac(nonce: Uint8Array): Uint8Array {
    const stated = nonce.subarray(0, RANDOM_BYTES + TIME_BYTES);
    return createHmac("sha256", this.#nonceKey).update(stated).digest().subarray(0, MAC_BYTES);
  }

  #isGenuine(nonce: Uint8Array, nowMs: number): boolean {
    if (nonce.length !== NONCE_BYTES) return false;
    if (!timingSafeEqual(this.#mac(nonce), nonce.subarray(RANDOM_BYTES + TIME_BYTES))) return false;
    const issuedMs = Number(
      new DataView(nonce.buffer, nonce.byteOffset).getBigUint64(RANDOM_BYTES),
    );
    return nowMs - issuedMs <= NONCE_LIFETIME_MS;
  }

  #use(nonce: string, nowMs: number): boolean {
    for (const [known, usedAtMs] of this.#used) {
      if (nowMs - usedAtMs <= NONCE_LIFETIME_MS) break;
      this.#used.delete(known);
    }
    if (this.#used.has(nonce) || this.#used.size >= MAX_USED_NONCES) return false;
    this.#used.set(nonce, nowMs);
    return true;
  }
}

import { enrolmentBytes } from "../../shared/canonical/envoy_frames.ts";
import {
  ED25519_KEY_BYTES,
  ED25519_SIGNATURE_BYTES,
  loadVerifier,
} from "../../shared/crypto/ed25519.ts";
import { sha256Hex } from "../../shared/crypto/sha256.ts";
import type { EnrollAnswer, EnrollRequest } from "../../shared/rest/enroll.ts";
import { parseHostnameGlob } from "../../shared/targeting/hostname_glob.ts";
import type { AuditLog } from "../audit/audit_log.ts";
import type { FleetIndex } from "../fleet/fleet_index.ts";
import type { EnrollTokenRecord, EnvoyRecord, Store } from "../store/store.ts";
import type { Authority } from "./certificate_authority.ts";
import { type IssuedCertificate, MAX_CSR_BYTES, readCsrPublicKey } from "./certificates.ts";
import { tokenId, tokenState } from "./enroll_tokens.ts";
import { normalizeHostname } from "../fleet/hostname.ts";
import { SerialQueue } from "../service/serial_queue.ts";
import { answered, type Refused, refused, type ServiceAnswer } from "../service/service_answer.ts";

/** How long the answer to an enrolment can be asked for again, in ms. */
export const ANSWER_LIFETIME_MS = 10 * 60_000;

export interface EnrollServiceOptions {
  readonly store: Store;
  readonly authority: Authority;
  readonly index: FleetIndex;
  readonly audit: Pick<AuditLog, "recordInside">;
  readonly now: () => number;
  /** `server.hostname`: the implicit seeder, enrolled only with a token that names it. */
  readonly serverHostname: string;
  /** The port where agents check in. */
  readonly grpcPort: () => number;
  /** Called once the enrolment is durable; `replaced` lost its identity by it. */
  readonly onEnrolled: (envoy: EnvoyRecord, replaced: EnvoyRecord | undefined) => Promise<void>;
}

/** What a request came down to, once everything that needs no token was checked. */
interface Candidate {
  readonly hostname: string;
  /** ed25519, hex. */
  readonly signingKey: string;
  readonly publicKey: CryptoKey;
  readonly tokenHash: string;
  /** Names this very request when it is repeated. */
  readonly requestHash: string;
}

/** Admits machines to the fleet. */
export class EnrollService {
  readonly #options: EnrollServiceOptions;
  readonly #queue = new SerialQueue();

  constructor(options: EnrollServiceOptions) {
    this.#options = options;
  }

  /**
   * Enrols a machine that holds a token. The same token, keys and CSR get the same answer for ten minutes, so a lost answer
   * costs nothing; whatever else fails takes no use away from the token.
   */
  async enroll(request: EnrollRequest): Promise<ServiceAnswer<EnrollAnswer>> {
    const candidate = await readCandidate(request);
    if ("status" in candidate) return candidate;
    const { store, authority, now, onEnrolled } = this.#options;
    const uuid = crypto.randomUUID();
    // Outside the transaction, which must not wait for cryptography; an unused certificate is forgotten.
    const certificate = await authority.issueEnvoyCertificate(candidate.publicKey, {
      uuid,
      hostname: candidate.hostname,
      signingKey: candidate.signingKey,
    });
    // One at a time, index included: who holds a signing key is looked up there.
    const admitted = await this.#queue.run(async () => {
      const result = await store.transaction((inside) =>
        this.#admit(inside, candidate, uuid, certificate)
      );
      if (!result.ok || result.value.envoy.uuid !== uuid) return result;
      const { envoy, replaced } = result.value;
      const state = this.#options.index.put(envoy);
      state.certificateNotAfterMs = certificate.notAfterMs;
      if (replaced) this.#options.index.put({ ...replaced, state: "revoked", revokedAtMs: now() });
      return result;
    });
    if (!admitted.ok) return admitted;
    const { envoy, replaced, certificatePem } = admitted.value;
    if (envoy.uuid === uuid) await onEnrolled(envoy, replaced);
    return answered({
      envoyUuid: envoy.uuid,
      hostname: envoy.hostname,
      certificate: certificatePem,
      ca: authority.caCertificate,
      serverKey: authority.signer.publicKey.toBase64(),
      grpcPort: this.#options.grpcPort(),
    });
  }

  /** Everything that must hold at one moment: the token's use, the hostname and the new envoy stand or fall together. */
  async #admit(
    inside: Store,
    candidate: Candidate,
    uuid: string,
    certificate: IssuedCertificate,
  ): Promise<
    ServiceAnswer<
      { envoy: EnvoyRecord; replaced: EnvoyRecord | undefined; certificatePem: string }
    >
  > {
    const { now, audit } = this.#options;
    const nowMs = now();
    const { hostname, signingKey, tokenHash, requestHash } = candidate;
    const token = await inside.enrollTokens.find(tokenHash);
    if (!token) return refused(403, "Cannot enrol: the token is not known to this server");
    const answer = await inside.enrollTokens.findAnswer(tokenHash, requestHash);
    if (answer && answer.expiresAtMs > nowMs && token.revokedAtMs === null) {
      const envoy = await inside.envoys.find(answer.envoyUuid);
      if (envoy?.state === "active") {
        return answered({ envoy, replaced: undefined, certificatePem: answer.certificatePem });
      }
    }
    const unfit = this.#judgeToken(token, hostname, nowMs);
    if (unfit) return unfit;
    const holder = await inside.envoys.findActiveByHostname(hostname);
    if (holder && !token.replace) {
      return refused(
        409,
        `Cannot enrol: hostname "${hostname}" is in use by envoy ${holder.uuid}. Revoke it, or create the token with --replace`,
      );
    }
    const keyHolder = this.#options.index.getBySigningKey(signingKey);
    if (keyHolder && keyHolder.record.uuid !== holder?.uuid) {
      return refused(
        409,
        `Cannot enrol: the signing key belongs to envoy ${keyHolder.record.uuid}. Make new keys: remove them and run vigo bootstrap again`,
      );
    }
    if (!await inside.enrollTokens.use(tokenHash)) return used(tokenHash);
    if (holder) {
      await inside.envoys.revoke(holder.uuid, nowMs);
      await inside.certificates.revokeByEnvoy(holder.uuid, nowMs);
    }
    const envoy: EnvoyRecord = {
      uuid,
      hostname,
      signingKey,
      state: "active",
      enrolledAtMs: nowMs,
      revokedAtMs: null,
      tags: {},
      tagRevision: 0,
      suspectedClone: false,
      previousHostname: null,
      removedAtMs: null,
    };
    const added = await inside.envoys.add(envoy);
    if (!added.ok) throw new Error(`Cannot enrol "${hostname}": its ${added.reason} is taken`);
    await inside.certificates.add({
      fingerprint: certificate.fingerprint,
      envoyUuid: uuid,
      notAfterMs: certificate.notAfterMs,
      revokedAtMs: null,
    });
    await inside.enrollTokens.pruneAnswers(nowMs);
    await inside.enrollTokens.saveAnswer({
      tokenHash,
      requestHash,
      envoyUuid: uuid,
      certificatePem: certificate.pem,
      expiresAtMs: nowMs + ANSWER_LIFETIME_MS,
    });
    await audit.recordInside(inside, { name: `envoy:${uuid}` }, "envoy.enroll", {
      uuid,
      hostname,
      enrollTokenId: tokenId(tokenHash),
      replaced: holder?.uuid ?? null,
    });
    return answered({ envoy, replaced: holder, certificatePem: certificate.pem });
  }

  #judgeToken(token: EnrollTokenRecord, hostname: string, nowMs: number): Refused | undefined {
    const state = tokenState(token, nowMs);
    if (state === "used") return used(token.hash);
    if (state !== "valid") {
      return refused(
        403,
        `Cannot enrol: token ${
          tokenId(token.hash)
        } is ${state}. Create another with: vigocli enroll token create`,
      );
    }
    if (token.hostname !== null && !parseHostnameGlob(token.hostname).matches(hostname)) {
      return refused(
        403,
        `Cannot enrol "${hostname}": token ${
          tokenId(token.hash)
        } is for hostname "${token.hostname}"`,
      );
    }
    const serverHostname = this.#options.serverHostname.toLowerCase();
    if (hostname === serverHostname && token.hostname !== serverHostname) {
      return refused(
        403,
        `Cannot enrol "${hostname}": it is the server's own name, which may originate seeds. Create the token with --hostname ${hostname}`,
      );
    }
    return undefined;
  }
}

function used(tokenHash: string): Refused {
  return refused(
    403,
    `Cannot enrol: token ${
      tokenId(tokenHash)
    } has been used. Create another with: vigocli enroll token create`,
  );
}

async function readCandidate(request: EnrollRequest): Promise<Candidate | Refused> {
  const hostname = normalizeHostname(request.hostname);
  if (hostname === undefined) {
    return refused(
      400,
      `Cannot enrol ${
        JSON.stringify(request.hostname)
      }: use a hostname of letters, digits, "-" and "."`,
    );
  }
  const csr = decodeBase64(request.csr, MAX_CSR_BYTES);
  const signingKey = decodeBase64(request.signingKey, ED25519_KEY_BYTES);
  const signature = decodeBase64(request.signature, ED25519_SIGNATURE_BYTES);
  if (!csr || signingKey?.length !== ED25519_KEY_BYTES || !signature) {
    return refused(400, "Cannot enrol: CSR, signing key or signature has a wrong size");
  }
  if (!verifies(signingKey, enrolmentBytes(request.token, csr), signature)) {
    return refused(403, "Cannot enrol: the signature over token and CSR does not verify");
  }
  const read = await readCsrPublicKey(csr);
  if (!read.ok) return refused(400, `Cannot enrol: ${read.reason}`);
  return {
    hostname,
    signingKey: signingKey.toHex(),
    publicKey: read.publicKey,
    tokenHash: sha256Hex(request.token),
    requestHash: sha256Hex(`${hostname} ${signingKey.toHex()} ${sha256Hex(csr)}`),
  };
}

function verifies(key: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  try {
    return loadVerifier(key).verify(message, signature);
  } catch {
    // 32 bytes that are no point of the curve: nothing verifies under them.
    return false;
  }
}

/** Bytes of base64 text, or `undefined` if it is none or stands for more than `maxBytes`. */
function decodeBase64(text: string, maxBytes: number): Uint8Array | undefined {
  if (text.length > Math.ceil(maxBytes / 3) * 4) return undefined;
  try {
    return Uint8Array.fromBase64(text);
  } catch {
    return undefined;
  }
}

import "reflect-metadata";
import { PemConverter, Pkcs10CertificateRequestGenerator } from "@peculiar/x509";
import {
  type CallOptions,
  type ClientDuplexStream,
  credentials,
  Metadata,
  type ServiceError,
} from "@grpc/grpc-js";
import { Buffer } from "node:buffer";
import { canonicalJson, type Json } from "../../shared/canonical/canonical_json.ts";
import {
  enrolmentBytes,
  REQUEST_NONCE_BYTES,
  requestBytes,
  type SignedMethod,
} from "../../shared/canonical/envoy_frames.ts";
import {
  generateEd25519,
  loadSigner,
  loadVerifier,
  type Signer,
} from "../../shared/crypto/ed25519.ts";
import { deferHttp2Close } from "../../shared/platform/defer_http2_close.ts";
import { openDocument } from "../../shared/canonical/signed_document.ts";
import { sha256 } from "../../shared/crypto/sha256.ts";
import { type PolicyBundle, policyBundleSchema } from "../../shared/config/policy_bundle.ts";
import {
  type AgentMessage,
  CheckInRequest,
  type CheckInResponse,
  type DeepPartial,
  Refusal,
  type Refusal_Reason,
  RenewCertificateRequest,
  type RenewCertificateResponse,
  ReportResultRequest,
  type ReportResultResponse,
  ResolveSecretsRequest,
  type ResolveSecretsResponse,
  type ServerMessage,
  type SignedDocument,
  type SignedRequest,
  StreamHello,
  VigoAgentClient,
} from "../../shared/proto/agent.ts";
import type { EnrollAnswer, EnrollRequest } from "../../shared/rest/enroll.ts";

/** Keys and certificate of a simulated machine, as plain text that can be handed to another process. */
export interface SimulatedIdentity {
  readonly uuid: string;
  readonly hostname: string;
  readonly signingKeyPem: string;
  readonly tlsKeyPem: string;
  readonly certificatePem: string;
  readonly caPem: string;
  /** The server's ed25519 key, base64. */
  readonly serverKey: string;
}

const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;
/** A call that has not come back by then has failed the test. */
const CALL_DEADLINE_MS = 180_000;

/** A CSR over a new P-256 key, DER, with the key as PKCS#8 PEM. */
export async function makeCsr(): Promise<{ csr: Uint8Array; tlsKeyPem: string }> {
  const keys = await crypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);
  const request = await Pkcs10CertificateRequestGenerator.create({
    name: "CN=asks for nothing but its key",
    keys,
    signingAlgorithm: ALGORITHM,
  });
  const pkcs8 = await crypto.subtle.exportKey("pkcs8", keys.privateKey);
  return {
    csr: new Uint8Array(request.rawData),
    tlsKeyPem: PemConverter.encode(pkcs8, "PRIVATE KEY"),
  };
}

/** What a machine needs to enrol, with its private halves. */
export interface EnrolmentDraft {
  readonly request: EnrollRequest;
  readonly signingKeyPem: string;
  readonly tlsKeyPem: string;
}

/** Makes new keys and the request that enrols them. */
export async function draftEnrolment(token: string, hostname: string): Promise<EnrolmentDraft> {
  const { csr, tlsKeyPem } = await makeCsr();
  const { privateKeyPem, signer } = generateEd25519();
  return {
    signingKeyPem: privateKeyPem,
    tlsKeyPem,
    request: {
      token,
      hostname,
      csr: csr.toBase64(),
      signingKey: signer.publicKey.toBase64(),
      signature: signer.sign(enrolmentBytes(token, csr)).toBase64(),
    },
  };
}

/** The identity that an answered enrolment makes of a draft. */
export function completeEnrolment(draft: EnrolmentDraft, answer: EnrollAnswer): SimulatedIdentity {
  return {
    uuid: answer.envoyUuid,
    hostname: answer.hostname,
    signingKeyPem: draft.signingKeyPem,
    tlsKeyPem: draft.tlsKeyPem,
    certificatePem: answer.certificate,
    caPem: answer.ca,
    serverKey: answer.serverKey,
  };
}

/** A call that the server turned away, with its reason when it gave one. */
export class RefusedCall extends Error {
  override readonly name = "RefusedCall";

  constructor(readonly code: number, message: string, readonly refusal: Refusal | undefined) {
    super(message);
  }

  get reason(): Refusal_Reason | undefined {
    return this.refusal?.reason;
  }
}

/** What a test may change about one signed request. */
export interface RequestTampering {
  readonly timestampMs?: number;
  readonly nonce?: Uint8Array;
  /** The method that is signed, when it is not the one called. */
  readonly method?: string;
  readonly envoyUuid?: string;
  /** Applied after signing. */
  readonly alter?: (request: SignedRequest) => void;
}

export interface SimulatedEnvoyOptions {
  /** host:port of the agents' listener. */
  readonly address: string;
  readonly identity: SimulatedIdentity;
  readonly stableTraits?: { readonly [collector: string]: Json };
  readonly now?: () => number;
  /** Presents another certificate and key than its own. */
  readonly tls?: { readonly certificatePem: string; readonly tlsKeyPem: string };
}

/**
 * An envoy without a machine: it speaks the real protocol with real keys, keeps what an agent would keep between
 * check-ins, and applies nothing.
 */
export class SimulatedEnvoy implements Disposable {
  readonly identity: SimulatedIdentity;
  readonly signer: Signer;
  readonly client: VigoAgentClient;
  readonly #now: () => number;
  readonly #traits: Buffer;
  readonly #traitsDigest: Buffer;
  #streams: ClientDuplexStream<AgentMessage, ServerMessage>[] = [];
  cloneToken: Buffer = Buffer.alloc(0);
  fleetSerial = 0;
  envoySerial = 0;
  fleetDocument: SignedDocument | undefined;
  bundle: PolicyBundle | undefined;

  constructor(
    { address, identity, stableTraits = {}, now = Date.now, tls }: SimulatedEnvoyOptions,
  ) {
    deferHttp2Close();
    this.identity = identity;
    this.signer = loadSigner(identity.signingKeyPem);
    this.#now = now;
    this.#traits = Buffer.from(canonicalJson(stableTraits));
    this.#traitsDigest = Buffer.from(sha256(this.#traits));
    const { certificatePem, tlsKeyPem } = tls ?? identity;
    this.client = new VigoAgentClient(
      address,
      credentials.createSsl(
        Buffer.from(identity.caPem),
        Buffer.from(tlsKeyPem),
        Buffer.from(certificatePem),
      ),
      {
        // Without it all clients of one process that look alike share one connection.
        "grpc.use_local_subchannel_pool": 1,
        // An address is no server name (RFC 6066, section 3), and this runtime refuses to send one.
        "grpc.ssl_target_name_override": "localhost",
        "grpc.enable_channelz": 0,
        "grpc.max_receive_message_length": 64 * 1024 * 1024,
      },
    );
  }

  [Symbol.dispose](): void {
    for (const stream of this.#streams) stream.cancel();
    this.client.close();
  }

  /** A request signed as the envoy would sign it, or as a test wants it. */
  sign(method: SignedMethod, body: Uint8Array, tampering: RequestTampering = {}): SignedRequest {
    const statement = {
      envoyUuid: tampering.envoyUuid ?? this.identity.uuid,
      method: tampering.method ?? method,
      timestampMs: tampering.timestampMs ?? this.#now(),
      nonce: Buffer.from(
        tampering.nonce ?? crypto.getRandomValues(new Uint8Array(REQUEST_NONCE_BYTES)),
      ),
      body: Buffer.from(body),
    };
    const signature = Buffer.from(this.signer.sign(requestBytes(statement)));
    const request = { ...statement, signature };
    tampering.alter?.(request);
    return request;
  }

  /** The body of the next check-in, as the envoy's state has it. */
  checkInBody(changes: DeepPartial<CheckInRequest> = {}): Uint8Array {
    return CheckInRequest.encode(CheckInRequest.fromPartial({
      agentVersion: "0.1.0",
      observedHostname: this.identity.hostname,
      lanAddress: "192.0.2.7",
      intervalMs: 60_000,
      policyVersion: this.bundle?.policyVersion ?? "",
      stateFingerprint: Buffer.from(this.bundle?.root ?? "", "hex"),
      bundleSerial: this.bundle?.serial ?? 0,
      traitsDigest: this.#traitsDigest,
      fleetSerial: this.fleetSerial,
      envoySerial: this.envoySerial,
      cloneToken: this.cloneToken,
      ...changes,
    })).finish();
  }

  /** Checks in once and keeps what an agent would keep. */
  async checkIn(
    changes: DeepPartial<CheckInRequest> = {},
    tampering: RequestTampering = {},
  ): Promise<CheckInResponse> {
    const answer = await this.sendCheckIn(
      this.sign("CheckIn", this.checkInBody(changes), tampering),
    );
    this.keep(answer);
    return answer;
  }

  /** Checks in until nothing is wanted any more: traits, then documents and a bundle. */
  async settle(changes: DeepPartial<CheckInRequest> = {}): Promise<CheckInResponse> {
    for (let turn = 0; turn < 5; turn++) {
      const first = await this.checkIn(changes);
      if (first.noChange) return first;
      if (first.wantTraits) await this.checkIn({ ...changes, stableTraits: this.#traits });
      if (first.wantFleetDocument) {
        await this.checkIn({ ...changes, heldFleetDocument: this.fleetDocument });
      }
    }
    throw new Error(`${this.identity.hostname} did not settle in five turns`);
  }

  /** Sends a request as it is, keeping nothing of the answer. */
  sendCheckIn(request: SignedRequest): Promise<CheckInResponse> {
    return call((options, done) => this.client.checkIn(request, new Metadata(), options, done));
  }

  report(runId: string, report: Uint8Array): Promise<ReportResultResponse> {
    const body = ReportResultRequest.encode({ runId, report: Buffer.from(report) }).finish();
    const request = this.sign("ReportResult", body);
    return call((options, done) =>
      this.client.reportResult(request, new Metadata(), options, done)
    );
  }

  resolveSecrets(paths: readonly string[]): Promise<ResolveSecretsResponse> {
    const bundleSerial = this.bundle?.serial ?? 0;
    const body = ResolveSecretsRequest.encode({ paths: [...paths], bundleSerial }).finish();
    const request = this.sign("ResolveSecrets", body);
    return call((options, done) =>
      this.client.resolveSecrets(request, new Metadata(), options, done)
    );
  }

  renew(csr: Uint8Array): Promise<RenewCertificateResponse> {
    const body = RenewCertificateRequest.encode({ csr: Buffer.from(csr) }).finish();
    const request = this.sign("RenewCertificate", body);
    return call((options, done) =>
      this.client.renewCertificate(request, new Metadata(), options, done)
    );
  }

  /** Opens a stream and says hello; the answer comes with the welcome. */
  async openStream(tampering: RequestTampering = {}): Promise<SimulatedStream> {
    const raw = this.client.agentStream();
    this.#streams.push(raw);
    const stream = new SimulatedStream(raw);
    const body = StreamHello.encode({ agentVersion: "0.1.0" }).finish();
    raw.write({ hello: this.sign("AgentStream", body, tampering) });
    await stream.next(({ welcome }) => welcome !== undefined);
    return stream;
  }

  /** Takes over an answer as an agent does. */
  keep(answer: CheckInResponse): void {
    this.cloneToken = answer.cloneToken;
    if (answer.fleetDocument) {
      this.fleetDocument = answer.fleetDocument;
      this.fleetSerial = serialOf(answer.fleetDocument);
    }
    if (answer.envoyDocument) this.envoySerial = serialOf(answer.envoyDocument);
    if (!answer.bundle) return;
    const verifier = loadVerifier(Uint8Array.fromBase64(this.identity.serverKey));
    const opened = openDocument("policyBundle", answer.bundle, verifier, policyBundleSchema);
    if (!opened.ok) throw new Error(opened.reason);
    if (opened.value.serial <= (this.bundle?.serial ?? 0)) throw new Error("bundle serial fell");
    this.bundle = opened.value;
  }
}

/** A stream from the agent's end. It answers pings, and keeps what came until somebody asks for it. */
export class SimulatedStream {
  readonly raw: ClientDuplexStream<AgentMessage, ServerMessage>;
  /** Settles when the stream has ended, with the error it ended with. */
  readonly ended: Promise<RefusedCall | undefined>;
  readonly #received: ServerMessage[] = [];
  #wake: () => void = () => {};

  constructor(raw: ClientDuplexStream<AgentMessage, ServerMessage>) {
    this.raw = raw;
    const { promise, resolve } = Promise.withResolvers<RefusedCall | undefined>();
    this.ended = promise;
    raw.on("data", (message: ServerMessage) => {
      if (message.ping) raw.write({ pong: { token: message.ping.token } });
      this.#received.push(message);
      this.#wake();
    });
    raw.on("error", (error: ServiceError) => resolve(toRefusedCall(error)));
    raw.on("end", () => resolve(undefined));
  }

  /** The next message that fits, those that came before it left out. Rejects if the stream ends first. */
  async next(fits: (message: ServerMessage) => boolean): Promise<ServerMessage> {
    for (;;) {
      const at = this.#received.findIndex(fits);
      const [found] = at < 0 ? [] : this.#received.splice(0, at + 1).slice(-1);
      if (found) return found;
      const more = new Promise<"more">((settle) => {
        this.#wake = () => settle("more");
      });
      const woken = await Promise.race([more, this.ended]);
      if (woken !== "more") throw woken ?? new Error("the stream has ended");
    }
  }
}

function call<Response>(
  start: (
    options: Partial<CallOptions>,
    done: (error: ServiceError | null, response: Response) => void,
  ) => unknown,
): Promise<Response> {
  return new Promise((settle, fail) => {
    start({ deadline: Date.now() + CALL_DEADLINE_MS }, (error, response) => {
      if (error) fail(toRefusedCall(error));
      else settle(response);
    });
  });
}

function toRefusedCall(error: ServiceError): RefusedCall {
  const [encoded] = error.metadata?.get("vigo-refusal-bin") ?? [];
  const refusal = encoded instanceof Uint8Array ? Refusal.decode(encoded) : undefined;
  return new RefusedCall(error.code, error.details, refusal);
}

function serialOf({ payload }: SignedDocument): number {
  const value: unknown = JSON.parse(new TextDecoder().decode(payload));
  if (typeof value === "object" && value && "serial" in value && typeof value.serial === "number") {
    return value.serial;
  }
  throw new Error("a document without a serial came");
}

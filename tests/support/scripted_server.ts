import { Buffer } from "node:buffer";
import { createServer, type Server } from "node:https";
import * as grpc from "@grpc/grpc-js";
import { enrolmentBytes, renewalBytes, requestBytes } from "../../shared/canonical/envoy_frames.ts";
import {
  bundleResourceSchema,
  merkleRoot,
  type PolicyBundle,
} from "../../shared/config/policy_bundle.ts";
import { type RunReport, runReportSchema } from "../../shared/config/run_report.ts";
import {
  generateEd25519,
  loadVerifier,
  type Signer,
  type Verifier,
} from "../../shared/crypto/ed25519.ts";
import { sealDocument, type SignedBytes } from "../../shared/canonical/signed_document.ts";
import { deferHttp2Close } from "../../shared/platform/defer_http2_close.ts";
import {
  type AgentMessage,
  CheckInRequest,
  CheckInResponse,
  Refusal,
  RenewCertificateRequest,
  ReportResultRequest,
  ServerMessage,
  type SignedDocument,
  type SignedRequest,
  VigoAgentService,
} from "../../shared/proto/agent.ts";
import { enrollRequestSchema, renew } from "../../shared/rest/enroll.ts";
import {
  generateKeyPair,
  issueAuthorityCertificate,
  issueEnvoyCertificate,
  type Issuer,
  issueServerCertificate,
  publicKeyPin,
  readCsrPublicKey,
} from "../../server/enroll/certificates.ts";

/** What a script answers to one check-in; what it leaves out is as in an answer without news. */
export type CheckInScript = (
  request: CheckInRequest,
  server: ScriptedServer,
) => Partial<CheckInResponse> | { readonly refusal: Partial<Refusal> };

/** Long enough for a process on a busy machine to be born, greet and be heard. */
const HOST = "127.0.0.1";

/**
 * A server that speaks the real protocol with real certificates and answers check-ins as a test scripts them: for what the
 * product's own server never does, such as a bundle with a wrong signature. It can go away and come back on its ports.
 */
export class ScriptedServer implements AsyncDisposable {
  readonly signer: Signer;
  readonly checkIns: CheckInRequest[] = [];
  readonly reports: RunReport[] = [];
  readonly hellos: SignedRequest[] = [];
  /** What agents said on their streams after that. */
  readonly said: AgentMessage[] = [];
  /** How far this server's clock is ahead of the real one, in ms; its certificate is made at that time. */
  readonly clockAheadMs: number;
  /** Bodies of enrolments, as they came. */
  readonly enrolments: string[] = [];
  renewals = 0;
  expiredRenewals = 0;
  script: CheckInScript = () => ({ noChange: true });
  /** Lifetime of the certificates that it issues: how far the beginning lies back from now, in ms. */
  issuedAgoMs = 0;
  readonly #issuer: Issuer;
  readonly #server: { certificate: string; privateKey: string };
  readonly #pin: string;
  readonly #envoys = new Map<string, { verifier: Verifier; hostname: string; key: string }>();
  readonly #streams = new Set<grpc.ServerDuplexStream<AgentMessage, ServerMessage>>();
  #grpc: grpc.Server | undefined;
  #rest: Server | undefined;
  #grpcPort = 0;
  #restPort = 0;
  #serial = 1;
  #cloneCounter = 0;

  private constructor(
    issuer: Issuer,
    server: { certificate: string; privateKey: string },
    pin: string,
    clockAheadMs: number,
  ) {
    this.clockAheadMs = clockAheadMs;
    this.signer = generateEd25519().signer;
    this.#issuer = issuer;
    this.#server = server;
    this.#pin = pin;
  }

  static async start({ clockAheadMs = 0 } = {}): Promise<ScriptedServer> {
    const nowMs = Date.now() + clockAheadMs;
    const authorityKeys = await generateKeyPair();
    const certificate = await issueAuthorityCertificate(authorityKeys, "Scripted", Date.now());
    const issuer = { certificate, privateKey: authorityKeys.privateKey };
    const keys = await generateKeyPair();
    const issued = await issueServerCertificate(issuer, keys.publicKey, [HOST], nowMs);
    const der = new Uint8Array(await crypto.subtle.exportKey("pkcs8", keys.privateKey));
    const privateKey =
      `-----BEGIN PRIVATE KEY-----\n${der.toBase64()}\n-----END PRIVATE KEY-----\n`;
    const server = new ScriptedServer(
      issuer,
      { certificate: issued.pem, privateKey },
      await publicKeyPin(keys.publicKey),
      clockAheadMs,
    );
    await server.comeBack();
    return server;
  }

  get rest(): string {
    return `https://${HOST}:${this.#restPort}`;
  }

  get pin(): string {
    return this.#pin;
  }

  /** Stops listening and cuts every connection, as a crash does. */
  async goAway(): Promise<void> {
    this.#grpc?.forceShutdown();
    this.#grpc = undefined;
    this.#streams.clear();
    const rest = this.#rest;
    this.#rest = undefined;
    if (!rest) return;
    rest.closeAllConnections();
    await new Promise((resolve) => rest.close(resolve));
  }

  /** Listens (again) on its ports. */
  async comeBack(): Promise<void> {
    deferHttp2Close();
    const server = new grpc.Server();
    server.addService(VigoAgentService, {
      checkIn: unary((request) => this.#checkIn(request)),
      reportResult: unary((request) => {
        const { report } = ReportResultRequest.decode(this.#open(request, "ReportResult"));
        this.reports.push(runReportSchema.parse(JSON.parse(report.toString("utf8"))));
        return Promise.resolve({});
      }),
      renewCertificate: unary(async (request) => {
        const { csr } = RenewCertificateRequest.decode(this.#open(request, "RenewCertificate"));
        const envoy = this.#envoys.get(request.envoyUuid);
        this.renewals++;
        const pem = await this.#issue(
          request.envoyUuid,
          envoy?.hostname ?? "",
          envoy?.key ?? "",
          csr,
        );
        return { certificate: Buffer.from(pem.der) };
      }),
      agentStream: (call: grpc.ServerDuplexStream<AgentMessage, ServerMessage>) => {
        call.on("data", (message: AgentMessage) => {
          if (!message.hello) return void this.said.push(message);
          this.#open(message.hello, "AgentStream");
          this.hellos.push(message.hello);
          this.#streams.add(call);
          call.write({ welcome: { serverTimeMs: Date.now() } });
        });
        call.on("error", () => this.#streams.delete(call));
        call.on("end", () => call.end());
      },
    });
    const ca = Buffer.from(this.#issuer.certificate.toString("pem"));
    const credentials = grpc.ServerCredentials.createSsl(
      ca,
      [{
        private_key: Buffer.from(this.#server.privateKey),
        cert_chain: Buffer.from(this.#server.certificate),
      }],
      true,
    );
    this.#grpcPort = await new Promise((resolve, reject) =>
      server.bindAsync(
        `${HOST}:${this.#grpcPort}`,
        credentials,
        (error, port) => error ? reject(error) : resolve(port),
      )
    );
    this.#grpc = server;
    await this.#listenRest();
  }

  /** Says something to every connected agent. */
  tell(message: Partial<ServerMessage>): void {
    for (const stream of this.#streams) stream.write(ServerMessage.fromPartial(message));
  }

  /** Asks every connected agent to check in. */
  push(): void {
    for (const stream of this.#streams) stream.write({ push: { reason: "test", force: false } });
  }

  /** A bundle of one envoy over resources in the shape of the policy; its serial rises by itself. */
  bundle(
    envoyUuid: string,
    resources: readonly Record<string, unknown>[],
    overrides: Partial<PolicyBundle> = {},
    signer: Signer = this.signer,
  ): SignedDocument {
    const parsed = resources.map((resource) =>
      bundleResourceSchema.parse({
        crate: "test",
        source: "test.vgo:1:1",
        dependsOn: [],
        notify: [],
        ...resource,
      })
    );
    return asDocument(sealDocument("policyBundle", {
      schema: 1,
      envoyUuid,
      serial: this.#serial++,
      policyVersion: "test",
      root: merkleRoot(parsed).toHex(),
      issuedAtMs: Date.now(),
      resources: parsed,
      ...overrides,
    }, signer));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.goAway();
  }

  #checkIn(request: SignedRequest): Promise<CheckInResponse> {
    const checkIn = CheckInRequest.decode(this.#open(request, "CheckIn"));
    this.checkIns.push(checkIn);
    const answer = this.script(checkIn, this);
    if ("refusal" in answer) throw refusalError(answer.refusal);
    return Promise.resolve(CheckInResponse.fromPartial({
      cloneToken: Buffer.from(`token-${++this.#cloneCounter}`),
      intervalMs: 1_000,
      serverTimeMs: Date.now(),
      ...answer,
    }));
  }

  /** The body of a request whose signature is the enrolled envoy's. */
  #open(request: SignedRequest, method: string): Buffer {
    const envoy = this.#envoys.get(request.envoyUuid);
    const isSigned = request.method === method &&
      envoy?.verifier.verify(requestBytes(request), request.signature);
    if (!isSigned) throw refusalError({ message: "bad signature" });
    return request.body;
  }

  async #issue(uuid: string, hostname: string, signingKey: string, csr: Uint8Array) {
    const read = await readCsrPublicKey(csr);
    if (!read.ok) throw new Error(read.reason);
    return await issueEnvoyCertificate(
      this.#issuer,
      read.publicKey,
      { uuid, hostname, signingKey },
      Date.now() - this.issuedAgoMs,
    );
  }

  async #renewExpired(body: string): Promise<{ certificate: string }> {
    const request = renew.body.parse(JSON.parse(body));
    const envoy = this.#envoys.get(request.envoyUuid);
    const csr = Uint8Array.fromBase64(request.csr);
    const { envoyUuid } = request;
    const frame = renewalBytes({ nonce: Uint8Array.fromHex(RENEWAL_NONCE), csr, envoyUuid });
    if (!envoy?.verifier.verify(frame, Uint8Array.fromBase64(request.signature))) {
      throw new Error("the renewal is not signed by its envoy");
    }
    this.expiredRenewals++;
    return { certificate: (await this.#issue(envoyUuid, envoy.hostname, envoy.key, csr)).pem };
  }

  async #listenRest(): Promise<void> {
    const rest = createServer(
      { key: this.#server.privateKey, cert: this.#server.certificate },
      (request, response) => {
        const chunks: Uint8Array[] = [];
        request.on("data", (chunk: Uint8Array) => chunks.push(chunk));
        request.on("end", () => {
          this.#answerRest(request.url ?? "", Buffer.concat(chunks).toString("utf8"))
            .then((body) => response.end(JSON.stringify(body)))
            .catch((error) => {
              response.writeHead(400);
              response.end(JSON.stringify({ message: String(error) }));
            });
        });
      },
    );
    await new Promise<void>((resolve) => rest.listen(this.#restPort, HOST, resolve));
    const address = rest.address();
    if (address === null || typeof address === "string") throw new Error("no port");
    this.#restPort = address.port;
    this.#rest = rest;
  }

  async #answerRest(url: string, body: string): Promise<unknown> {
    const { pathname, searchParams } = new URL(url, this.rest);
    if (pathname === "/api/v1/time") {
      const sealed = sealDocument("serverTime", {
        nonce: searchParams.get("nonce"),
        timeMs: Date.now() + this.clockAheadMs,
      }, this.signer);
      return {
        payload: new Uint8Array(sealed.payload).toBase64(),
        signature: new Uint8Array(sealed.signature).toBase64(),
      };
    }
    if (pathname === "/api/v1/renew/nonce") return { nonce: RENEWAL_NONCE };
    if (pathname === "/api/v1/renew") return await this.#renewExpired(body);
    if (pathname !== "/api/v1/enroll") throw new Error(`nothing is known of ${pathname}`);
    this.enrolments.push(body);
    const request = enrollRequestSchema.parse(JSON.parse(body));
    const csr = Uint8Array.fromBase64(request.csr);
    const verifier = loadVerifier(Uint8Array.fromBase64(request.signingKey));
    if (
      !verifier.verify(enrolmentBytes(request.token, csr), Uint8Array.fromBase64(request.signature))
    ) {
      throw new Error("the enrolment is not signed by its key");
    }
    const envoyUuid = crypto.randomUUID();
    const key = verifier.publicKey.toHex();
    this.#envoys.set(envoyUuid, { verifier, hostname: request.hostname, key });
    return {
      envoyUuid,
      hostname: request.hostname,
      certificate: (await this.#issue(envoyUuid, request.hostname, key, csr)).pem,
      ca: this.#issuer.certificate.toString("pem"),
      serverKey: this.signer.publicKey.toBase64(),
      grpcPort: this.#grpcPort,
    };
  }
}

/** One nonce is enough here: that nonces are used once is the business of the real server. */
const RENEWAL_NONCE = "ab".repeat(32);

function asDocument({ payload, signature }: SignedBytes): SignedDocument {
  return { payload: Buffer.from(payload), signature: Buffer.from(signature) };
}

function refusalError(refusal: Partial<Refusal>): Partial<grpc.ServiceError> {
  const metadata = new grpc.Metadata();
  const encoded = Refusal.encode(Refusal.fromPartial(refusal)).finish();
  metadata.set("vigo-refusal-bin", Buffer.from(encoded));
  return {
    code: grpc.status.FAILED_PRECONDITION,
    details: refusal.message ?? "refused",
    metadata,
  };
}

function unary<Answer>(
  answer: (request: SignedRequest) => Promise<Answer>,
): grpc.handleUnaryCall<SignedRequest, Answer> {
  return (call, callback) => {
    new Promise<Answer>((resolve) => resolve(answer(call.request)))
      .then((value) => callback(null, value), (error) => callback(error));
  };
}

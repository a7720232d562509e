import { Buffer } from "node:buffer";
import {
  type sendUnaryData,
  Server,
  type ServerUnaryCall,
  type ServerWritableStream,
  status,
} from "@grpc/grpc-js";
import type { SignedMethod } from "../../shared/canonical/envoy_frames.ts";
import {
  assertClientCertificatesRequired,
  type TlsIdentity,
} from "../../shared/platform/client_certificate_probe.ts";
import { deferHttp2Close } from "../../shared/platform/defer_http2_close.ts";
import type { Logger } from "../../shared/platform/logging.ts";
import {
  type BlobPiece,
  CheckInRequest,
  type CheckInResponse,
  FetchBlobRequest,
  Refusal_Reason,
  RenewCertificateRequest,
  type RenewCertificateResponse,
  ReportResultRequest,
  type ReportResultResponse,
  ResolveSecretsRequest,
  type ResolveSecretsResponse,
  type SignedRequest,
  UploadQueuesRequest,
  type UploadQueuesResponse,
  type VigoAgentServer,
  VigoAgentService,
} from "../../shared/proto/agent.ts";
import type { Authority } from "../enroll/certificate_authority.ts";
import type { RenewalService } from "../enroll/renewal.ts";
import type { QueueMesh } from "../poolq/queue_mesh.ts";
import type { SecretDesk } from "../secrets/secret_desk.ts";
import type { BlobDesk, DeliveryAnswer } from "../swarm/blob_desk.ts";
import { serveAgentStream } from "./agent_stream.ts";
import type { AgentStreams } from "../fleet/agent_streams.ts";
import type { CheckInService } from "./check_in_service.ts";
import type { EnvoyState } from "../fleet/envoy_state.ts";
import { MAX_MESSAGE_BYTES } from "./limits.ts";
import type { ManifestExchange } from "../swarm/manifest_exchange.ts";
import { type PeerCertificate, PeerCertificates } from "./peer_certificates.ts";
import type { ProgressSink } from "../swarm/progress_sink.ts";
import { malformed, type RequestRefusal, toServiceError } from "../fleet/refusals.ts";
import { RenewableCredentials } from "./renewable_credentials.ts";
import type { RequestVerifier, Verified } from "./request_verifier.ts";
import type { ResultService } from "./result_service.ts";
import type { RunBook } from "./run_book.ts";
import type { TaskInbox } from "../tasks/task_inbox.ts";
import { makeSelfTestIdentities } from "./self_test_identities.ts";
import { serveBlob } from "./serve_blob.ts";

/** Calls that one agent may have open at a time: its stream, and a few more. */
const MAX_CALLS_PER_CONNECTION = 16;
/** Largest message sent: a bundle. */
const MAX_SENT_BYTES = 64 * 1024 * 1024;
/** What is still being answered at the stop gets this long, in ms. */
const STOP_DEADLINE_MS = 3_000;

export interface AgentServiceOptions {
  readonly authority: Authority;
  readonly verifier: RequestVerifier;
  readonly checkIns: CheckInService;
  readonly results: ResultService;
  readonly renewals: RenewalService;
  readonly secrets: SecretDesk;
  readonly blobs: Pick<BlobDesk, "open">;
  readonly streams: AgentStreams;
  readonly manifest: ManifestExchange;
  readonly progress: ProgressSink;
  readonly runs: Pick<RunBook, "noteHeartbeat">;
  readonly tasks: TaskInbox;
  readonly queues: Pick<QueueMesh, "upload" | "greet">;
  readonly now: () => number;
  readonly logger: Logger;
  /** Takes back an envoy that has no record here; `undefined` if it may not come back. */
  readonly readopt: (peer: PeerCertificate) => Promise<EnvoyState | undefined>;
}

type Answerer<Body, Response> = (
  state: EnvoyState,
  body: Body,
  peer: PeerCertificate,
) => Promise<Response | RequestRefusal>;

/** Where the listener is. */
export interface AgentListener {
  readonly hostname: string;
  readonly port: number;
  /** Uses another certificate for connections from now on. */
  setIdentity(identity: TlsIdentity): void;
}

/** The listener that agents talk to: gRPC over TLS with client certificates. */
export class AgentService {
  readonly #options: AgentServiceOptions;
  readonly #peers = new PeerCertificates();
  readonly #server: Server;
  #isServing = false;

  constructor(options: AgentServiceOptions) {
    this.#options = options;
    deferHttp2Close();
    this.#server = new Server({
      "grpc.max_receive_message_length": MAX_MESSAGE_BYTES,
      "grpc.max_send_message_length": MAX_SENT_BYTES,
      "grpc.max_concurrent_streams": MAX_CALLS_PER_CONNECTION,
      "grpc.enable_channelz": 0,
    });
    this.#server.addService(VigoAgentService, this.#handlers());
  }

  /**
   * Listens, and proves to itself that clients without a certificate of this fleet are turned away before it serves.
   *
   * @param port 0 chooses a free one.
   * @throws {Error} if the port is in use, or if this runtime lets anybody in.
   */
  async start(hostname: string, port: number): Promise<AgentListener> {
    const { authority } = this.#options;
    const credentials = new RenewableCredentials(
      authority.caCertificate,
      authority.serverIdentity,
    );
    const where = hostname.includes(":") ? `[${hostname}]` : hostname;
    const bound = await new Promise<number>((settle, fail) => {
      this.#server.bindAsync(`${where}:${port}`, credentials, (error, boundPort) => {
        if (error) {
          fail(
            new Error(
              `Cannot listen for agents on ${where}:${port}: ${error.message}. Is another server running, or server.listen wrong?`,
              { cause: error },
            ),
          );
        } else settle(boundPort);
      });
    });
    try {
      await assertClientCertificatesRequired({
        hostname: reachable(hostname),
        port: bound,
        ca: authority.caCertificate,
        alpn: "h2",
        ...await makeSelfTestIdentities(authority, this.#options.now()),
      });
    } catch (error) {
      this.#server.forceShutdown();
      throw error;
    }
    this.#isServing = true;
    return {
      hostname,
      port: bound,
      setIdentity: (identity) => credentials.setIdentity(identity),
    };
  }

  /** Whether agents are served. */
  get isServing(): boolean {
    return this.#isServing;
  }

  /** Ends streams, lets calls finish, and closes the listener. */
  async stop(): Promise<void> {
    this.#isServing = false;
    this.#options.streams.stop();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<"late">((settle) => {
      timer = setTimeout(() => settle("late"), STOP_DEADLINE_MS);
    });
    const done = new Promise<"done">((settle) => this.#server.tryShutdown(() => settle("done")));
    const outcome = await Promise.race([done, late]);
    clearTimeout(timer);
    if (outcome === "late") this.#server.forceShutdown();
  }

  #handlers(): VigoAgentServer {
    const { checkIns, results, renewals, secrets, queues } = this.#options;
    return {
      checkIn: this.#unary<CheckInRequest, CheckInResponse>(
        "CheckIn",
        CheckInRequest,
        async (state, body, peer) => {
          const answer = await checkIns.handle(state, body, peer);
          return answer.ok ? answer.response : answer.refusal;
        },
      ),
      reportResult: this.#unary<ReportResultRequest, ReportResultResponse>(
        "ReportResult",
        ReportResultRequest,
        async (state, body) => {
          const answer = await results.handle(state, body);
          return answer.ok ? {} : answer.refusal;
        },
      ),
      renewCertificate: this.#unary<RenewCertificateRequest, RenewCertificateResponse>(
        "RenewCertificate",
        RenewCertificateRequest,
        async (state, { csr }) => {
          const answer = await renewals.renew(state, csr);
          return answer.ok
            ? { certificate: Buffer.from(answer.value.der) }
            : malformed(answer.message);
        },
      ),
      resolveSecrets: this.#unary<ResolveSecretsRequest, ResolveSecretsResponse>(
        "ResolveSecrets",
        ResolveSecretsRequest,
        async (state, body) => {
          const answer = await secrets.handle(state, body);
          return answer.ok ? answer.response : answer.refusal;
        },
      ),
      uploadQueues: this.#unary<UploadQueuesRequest, UploadQueuesResponse>(
        "UploadQueues",
        UploadQueuesRequest,
        async (state, body) => {
          const answer = await queues.upload(state, body);
          return answer.ok ? answer.response : answer.refusal;
        },
      ),
      fetchBlob: (call) => {
        serveBlob(call, () => this.#openBlob(call)).catch((error) => {
          this.#options.logger.error("Cannot hand out a blob: {reason}", { reason: String(error) });
          call.end();
        });
      },
      agentStream: (call) => {
        const { streams, manifest, progress, runs, tasks, queues, now, logger } = this.#options;
        const der = call.getAuthContext().sslPeerCertificate?.raw;
        const verifyHello = (hello: SignedRequest) => this.#verify(hello, "AgentStream", der);
        serveAgentStream(call, {
          streams,
          manifest,
          progress,
          runs,
          tasks,
          queues,
          now,
          logger,
          verifyHello,
        });
      },
    };
  }

  /** A unary method: verify, then parse and answer. What it throws is logged here and is nobody else's business. */
  #unary<Body, Response extends object>(
    method: SignedMethod,
    message: { decode(bytes: Uint8Array): Body },
    answer: Answerer<Body, Response>,
  ) {
    return (call: ServerUnaryCall<SignedRequest, Response>, done: sendUnaryData<Response>) => {
      this.#answer(method, message, call, answer).then(
        (result) => isRefusal(result) ? done(toServiceError(result)) : done(null, result),
        (error) => {
          this.#options.logger.error("Cannot answer {method}: {reason}", {
            method,
            reason: error instanceof Error ? error.stack ?? error.message : String(error),
          });
          done({ code: status.INTERNAL, details: "the server failed; its log says why" });
        },
      );
    };
  }

  async #answer<Body, Response extends object>(
    method: SignedMethod,
    message: { decode(bytes: Uint8Array): Body },
    call: ServerUnaryCall<SignedRequest, Response>,
    answer: Answerer<Body, Response>,
  ): Promise<Response | RequestRefusal> {
    const der = call.getAuthContext().sslPeerCertificate?.raw;
    const verified = await this.#verify(call.request, method, der);
    if (!verified.ok) return verified.refusal;
    const peer = this.#peerOf(der);
    if (!peer.ok) return peer.refusal;
    const body = decodeBody(method, message, call.request.body);
    return body.ok ? await answer(verified.state, body.value, peer.peer) : body.refusal;
  }

  async #openBlob(call: ServerWritableStream<SignedRequest, BlobPiece>): Promise<DeliveryAnswer> {
    const der = call.getAuthContext().sslPeerCertificate?.raw;
    const verified = await this.#verify(call.request, "FetchBlob", der);
    if (!verified.ok) return verified;
    const body = decodeBody("FetchBlob", FetchBlobRequest, call.request.body);
    return body.ok ? await this.#options.blobs.open(verified.state, body.value) : body;
  }

  async #verify(
    request: SignedRequest,
    method: SignedMethod,
    der: Uint8Array | undefined,
  ): Promise<Verified> {
    if (!this.#isServing) {
      const message = "the server is not ready yet";
      return { ok: false, refusal: { reason: Refusal_Reason.UNSPECIFIED, message } };
    }
    const peer = this.#peerOf(der);
    if (!peer.ok) return peer;
    const { verifier, readopt } = this.#options;
    const verified = verifier.verify(request, method, peer.peer);
    if (verified.ok || !verified.isUnknown) return verified;
    const state = await readopt(peer.peer);
    return state ? verifier.verify(request, method, peer.peer) : verified;
  }

  #peerOf(der: Uint8Array | undefined): { ok: true; peer: PeerCertificate } | {
    ok: false;
    refusal: RequestRefusal;
  } {
    // TLS has refused whoever has no certificate; this is the second lock.
    const read = der ? this.#peers.read(der) : { ok: false as const, reason: "no certificate" };
    if (read.ok) return read;
    return { ok: false, refusal: { reason: Refusal_Reason.WRONG_ENVOY, message: read.reason } };
  }
}

function decodeBody<Body>(
  method: SignedMethod,
  message: { decode(bytes: Uint8Array): Body },
  bytes: Uint8Array,
): { readonly ok: true; readonly value: Body } | {
  readonly ok: false;
  readonly refusal: RequestRefusal;
} {
  try {
    return { ok: true, value: message.decode(bytes) };
  } catch (error) {
    // Signed, but no message of this method; the decoder throws nothing else.
    const reason = error instanceof Error ? error.message : "unread";
    return { ok: false, refusal: malformed(`body of ${method}: ${reason}`) };
  }
}

function isRefusal(result: object): result is RequestRefusal {
  return "reason" in result && "message" in result;
}

/** The address at which a listener on `hostname` can be reached from this machine. */
function reachable(hostname: string): string {
  if (hostname === "0.0.0.0") return "127.0.0.1";
  return hostname === "::" ? "::1" : hostname;
}

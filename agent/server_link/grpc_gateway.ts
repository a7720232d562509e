import { Buffer } from "node:buffer";
import { isIP } from "node:net";
import * as grpc from "@grpc/grpc-js";
import {
  AgentMessage,
  type BlobPiece,
  Refusal,
  ServerMessage,
  SignedRequest,
  VigoAgentService,
} from "../../shared/proto/agent.ts";
import { MAX_DOCUMENT_BYTES } from "../../shared/canonical/signed_document.ts";
import type { TlsIdentity } from "../../shared/platform/client_certificate_probe.ts";
import { deferHttp2Close } from "../../shared/platform/defer_http2_close.ts";
import { checkServerIdentity } from "../enroll/check_server_identity.ts";
import { explainTransport } from "./explain_transport.ts";
import type {
  CallFailure,
  CallOutcome,
  ServerGateway,
  ServerStream,
  StreamHandlers,
  UnaryMethod,
} from "./server_gateway.ts";
import { StreamBacklog } from "./stream_backlog.ts";

/** Room for the largest bundle and what stands beside it. */
const MAX_MESSAGE_BYTES = MAX_DOCUMENT_BYTES + 2 * 1024 * 1024;
/** A server that is busy resolving a large policy answers within this; a hung call ends with it. */
const CALL_DEADLINE_MS = 30_000;
/** A server that sends nothing of a blob for so long is given up. */
const PIECE_DEADLINE_MS = 30_000;
/** How often a silent connection is probed, and how long an answer may take. */
const KEEPALIVE_MS = 30_000;
const KEEPALIVE_TIMEOUT_MS = 10_000;
/** Most bytes waiting in a stream: progress is worth nothing when it is late. */
const MAX_STREAM_BACKLOG_BYTES = 4 * 1024 * 1024;

/** The name that is sent where the server is dialled by its address. */
const SNI_FOR_ADDRESSES = "vigosrv";

const CLOSED: CallFailure = { message: "the connection is closed", clockSuspected: false };

const PATHS: Readonly<Record<UnaryMethod, string>> = {
  CheckIn: VigoAgentService.checkIn.path,
  ReportResult: VigoAgentService.reportResult.path,
  RenewCertificate: VigoAgentService.renewCertificate.path,
  ResolveSecrets: VigoAgentService.resolveSecrets.path,
  UploadQueues: VigoAgentService.uploadQueues.path,
};

/** A gateway over gRPC with client certificates. */
export class GrpcGateway implements ServerGateway {
  readonly #address: string;
  readonly #ca: Buffer;
  readonly #calls = new Set<{ cancel(): void }>();
  readonly #streams = new Set<{ cancel(): void }>();
  #client: grpc.Client;
  #isClosed = false;

  /** @param address host:port of the server. */
  constructor(address: string, ca: string, identity: TlsIdentity) {
    deferHttp2Close();
    this.#address = address;
    this.#ca = Buffer.from(ca);
    this.#client = this.#connect(identity);
  }

  call(method: UnaryMethod, request: SignedRequest): Promise<CallOutcome<Uint8Array>> {
    if (this.#isClosed) return Promise.resolve({ ok: false, failure: CLOSED });
    return new Promise((resolve) => {
      const call = this.#client.makeUnaryRequest(
        PATHS[method],
        (value: SignedRequest) => Buffer.from(SignedRequest.encode(value).finish()),
        (bytes: Buffer) => new Uint8Array(bytes),
        request,
        new grpc.Metadata(),
        { deadline: Date.now() + CALL_DEADLINE_MS },
        (error, value) => {
          this.#calls.delete(call);
          if (error) resolve({ ok: false, failure: describeFailure(error, this.#address) });
          else if (value) resolve({ ok: true, value });
          else resolve({ ok: false, failure: { ...CLOSED, message: `${method}: empty answer` } });
        },
      );
      this.#calls.add(call);
    });
  }

  fetchBlob(request: SignedRequest, lengthBytes: number): Promise<CallOutcome<Uint8Array>> {
    if (this.#isClosed) return Promise.resolve({ ok: false, failure: CLOSED });
    return new Promise((resolve) => {
      const { path, requestSerialize, responseDeserialize } = VigoAgentService.fetchBlob;
      const call = this.#client.makeServerStreamRequest(
        path,
        requestSerialize,
        responseDeserialize,
        request,
      );
      this.#calls.add(call);
      const bytes = new Uint8Array(lengthBytes);
      let filled = 0;
      let silence: ReturnType<typeof setTimeout> | undefined;
      const settle = (outcome: CallOutcome<Uint8Array>) => {
        clearTimeout(silence);
        this.#calls.delete(call);
        resolve(outcome);
      };
      const fail = (message: string) => {
        settle({ ok: false, failure: { message, clockSuspected: false } });
        call.cancel();
      };
      const listen = () => {
        clearTimeout(silence);
        silence = setTimeout(() => fail("FetchBlob: nothing more comes"), PIECE_DEADLINE_MS);
      };
      listen();
      call.on("data", ({ data }: BlobPiece) => {
        if (filled + data.length > lengthBytes) return fail("FetchBlob: more came than was asked");
        bytes.set(data, filled);
        filled += data.length;
        listen();
      });
      call.on(
        "error",
        (error: Error) => settle({ ok: false, failure: describeFailure(error, this.#address) }),
      );
      call.on("end", () => {
        if (filled === lengthBytes) settle({ ok: true, value: bytes });
        else fail(`FetchBlob: ${filled} of ${lengthBytes} bytes came`);
      });
    });
  }

  openStream(hello: SignedRequest, handlers: StreamHandlers): ServerStream {
    const { path, responseDeserialize } = VigoAgentService.agentStream;
    const call = this.#client.makeBidiStreamRequest<Uint8Array, ServerMessage>(
      path,
      // Encoded once, where the bytes are counted.
      (bytes) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length),
      responseDeserialize,
    );
    const backlog = new StreamBacklog(
      (bytes, written) => call.write(bytes, written),
      MAX_STREAM_BACKLOG_BYTES,
    );
    let ended = false;
    this.#streams.add(call);
    const end = (failure: CallFailure | undefined) => {
      if (ended) return;
      ended = true;
      this.#streams.delete(call);
      handlers.onEnd(failure);
    };
    call.on("data", (message: ServerMessage) => handlers.onMessage(message));
    call.on("error", (error: Error) => end(describeFailure(error, this.#address)));
    call.on("end", () => end(undefined));
    backlog.send(AgentMessage.encode({ hello }).finish());
    return {
      send: (message) => {
        if (!ended) backlog.send(AgentMessage.encode(message).finish());
      },
      close: () => call.cancel(),
    };
  }

  useIdentity(identity: TlsIdentity): void {
    const previous = this.#client;
    this.#client = this.#connect(identity);
    // Calls under way finish on the old connection; its stream ends here and is opened anew.
    for (const stream of this.#streams) stream.cancel();
    previous.close();
  }

  close(): void {
    this.#isClosed = true;
    for (const call of [...this.#calls, ...this.#streams]) call.cancel();
    this.#client.close();
  }

  #connect({ certificate, privateKey }: TlsIdentity): grpc.Client {
    const host = this.#address.replace(/:\d+$/, "").replace(/^\[(.*)\]$/, "$1");
    const credentials = grpc.credentials.createSsl(
      this.#ca,
      Buffer.from(privateKey),
      Buffer.from(certificate),
      { checkServerIdentity: (_name, peer) => checkServerIdentity(host, peer) },
    );
    return new grpc.Client(this.#address, credentials, {
      "grpc.max_receive_message_length": MAX_MESSAGE_BYTES,
      "grpc.max_send_message_length": MAX_MESSAGE_BYTES,
      "grpc.keepalive_time_ms": KEEPALIVE_MS,
      "grpc.keepalive_timeout_ms": KEEPALIVE_TIMEOUT_MS,
      "grpc.initial_reconnect_backoff_ms": 250,
      "grpc.max_reconnect_backoff_ms": 2_000,
      // Without a separate pool two clients of one process would share the connection of the old certificate.
      "grpc.use_local_subchannel_pool": 1,
      "grpc.enable_http_proxy": 0,
      // Server Name Indication takes no address (RFC 6066, section 3); who the server is, is checked above all the same.
      ...(isIP(host) === 0 ? {} : { "grpc.ssl_target_name_override": SNI_FOR_ADDRESSES }),
    });
  }
}

function describeFailure(
  error: Error & Partial<grpc.ServiceError>,
  address: string,
): CallFailure {
  const details = error.details || error.message;
  return {
    ...readRefusal(error.metadata),
    isPermanent: error.code === grpc.status.INVALID_ARGUMENT,
    message: explainTransport(details, address),
    // The runtime reports a certificate out of its time like any other it cannot verify.
    clockSuspected: error.code === grpc.status.UNAVAILABLE &&
      /certificate|verif|expired|handshake/i.test(details),
  };
}

function readRefusal(metadata: grpc.Metadata | undefined): { refusal?: Refusal } {
  const [bytes] = metadata?.get("vigo-refusal-bin") ?? [];
  if (!(bytes instanceof Uint8Array)) return {};
  try {
    return { refusal: Refusal.decode(bytes) };
  } catch {
    // A refusal that cannot be read is still a failed call, with its message.
    return {};
  }
}

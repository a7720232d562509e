import type {
  AgentMessage,
  Refusal,
  ServerMessage,
  SignedRequest,
} from "../../shared/proto/agent.ts";
import type { TlsIdentity } from "../../shared/platform/client_certificate_probe.ts";
import type { SignedMethod } from "../../shared/canonical/envoy_frames.ts";

/** Why one attempt at a call gave no answer. */
export interface CallFailure {
  /** What the server said, if it answered at all. */
  readonly refusal?: Refusal;
  readonly message: string;
  /** The TLS handshake failed over a certificate: a wrong clock may be the reason. */
  readonly clockSuspected: boolean;
  /** The server will never take this request, however often it is sent. */
  readonly isPermanent?: boolean;
}

/** The answer to one attempt at a call. */
export type CallOutcome<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly failure: CallFailure };

/** What a stream tells. */
export interface StreamHandlers {
  onMessage(message: ServerMessage): void;
  /** Once, when it is over for whatever reason. */
  onEnd(failure: CallFailure | undefined): void;
}

/** An open stream to the server. */
export interface ServerStream {
  /** Sends a message; dropped when the stream is over or the server takes nothing more for now. */
  send(message: AgentMessage): void;
  close(): void;
}

/** The unary methods. */
export type UnaryMethod = Exclude<SignedMethod, "AgentStream" | "FetchBlob">;

/** The connection to the server, without any knowledge of what is said. Every call has a deadline. */
export interface ServerGateway {
  /** @returns the answer's bytes, to be decoded by who knows the method. */
  call(method: UnaryMethod, request: SignedRequest): Promise<CallOutcome<Uint8Array>>;
  /** Asks for bytes of a blob. @returns exactly so many; more or fewer are a failure. */
  fetchBlob(request: SignedRequest, lengthBytes: number): Promise<CallOutcome<Uint8Array>>;
  /** Opens the stream and says hello. */
  openStream(hello: SignedRequest, handlers: StreamHandlers): ServerStream;
  /** Speaks with another certificate from now on. */
  useIdentity(identity: TlsIdentity): void;
  /** Ends everything that is under way. */
  close(): void;
}

import { connect } from "node:tls";

/** A certificate and its key, PEM. */
export interface TlsIdentity {
  readonly certificate: string;
  readonly privateKey: string;
}

/** What a listener did with a client. */
export type HandshakeVerdict = "served" | "refused";

/** How one handshake attempt is made. */
export interface ProbeOptions {
  readonly hostname: string;
  readonly port: number;
  /** PEM of the CA that signed the listener's certificate. */
  readonly ca: string;
  /** The client certificate to offer; none if absent. */
  readonly identity?: TlsIdentity;
  /** Protocol to negotiate, such as `h2`; the listener hangs up on others. */
  readonly alpn?: string;
  readonly timeoutMs?: number;
}

/** A listener that has not answered by then is taken as broken. A machine that is booting may take its time. */
const DEFAULT_PROBE_TIMEOUT_MS = 30_000;
/** Under TLS 1.3 a refusal arrives after the client's handshake is done; this many bytes or a close decide. */
const PROBE_REQUEST = "OPTIONS * HTTP/1.1\r\nHost: self-test\r\nConnection: close\r\n\r\n";

/**
 * Connects once and reports whether the listener serves such a client: it is *served* if any application byte comes back,
 * *refused* if the connection ends first.
 *
 * @throws {Error} if nothing answers within the time limit or the listener cannot be reached at all.
 */
export function probeHandshake(options: ProbeOptions): Promise<HandshakeVerdict> {
  const { hostname, port, timeoutMs = DEFAULT_PROBE_TIMEOUT_MS } = options;
  return new Promise((settle, fail) => {
    let secured = false;
    const socket = connect({
      host: hostname,
      port,
      ca: options.ca,
      // The probe asks what the listener does to clients; who the listener is was decided by whoever calls.
      checkServerIdentity: () => undefined,
      ...(options.identity
        ? { cert: options.identity.certificate, key: options.identity.privateKey }
        : {}),
      ...(options.alpn ? { ALPNProtocols: [options.alpn] } : {}),
    });
    const finish = (verdict: HandshakeVerdict) => {
      clearTimeout(timer);
      socket.destroy();
      settle(verdict);
    };
    const timer = setTimeout(() => {
      socket.destroy();
      fail(new Error(`Cannot test listener ${hostname}:${port}: no answer in ${timeoutMs} ms`));
    }, timeoutMs);
    socket.on("secureConnect", () => {
      secured = true;
      // An HTTP/2 listener answers with its SETTINGS frame unasked; an HTTP/1 one wants a request.
      if (options.alpn !== "h2") socket.write(PROBE_REQUEST);
    });
    socket.on("data", () => finish("served"));
    socket.on("error", (error: Error & { code?: string }) => {
      if (error.code === "ECONNREFUSED" && !secured) {
        clearTimeout(timer);
        fail(new Error(`Cannot test listener ${hostname}:${port}: connection refused`));
      } else finish("refused");
    });
    socket.on("close", () => finish("refused"));
  });
}

/** What a listener that demands client certificates is tested with. */
export interface SelfTestOptions extends ProbeOptions {
  /** An identity of this fleet's CA. */
  readonly member: TlsIdentity;
  /** An identity of a CA that this fleet has never seen. */
  readonly stranger: TlsIdentity;
}

/**
 * Proves that a listener turns away clients without a certificate and with a foreign one, and serves a member.
 * Some runtimes accept everybody and say nothing, so no program may rely on client certificates before this has passed.
 *
 * @throws {Error} naming the client that was treated wrongly; the caller must then refuse to start.
 */
export async function assertClientCertificatesRequired(options: SelfTestOptions): Promise<void> {
  const { member, stranger, ...probe } = options;
  const where = `${options.hostname}:${options.port}`;
  if (await probeHandshake(probe) !== "refused") {
    throw new Error(
      `Refusing to serve on ${where}: this runtime accepts clients without a certificate. Use Deno 2.8 or newer`,
    );
  }
  if (await probeHandshake({ ...probe, identity: stranger }) !== "refused") {
    throw new Error(
      `Refusing to serve on ${where}: this runtime accepts certificates of a foreign CA. Use Deno 2.8 or newer`,
    );
  }
  if (await probeHandshake({ ...probe, identity: member }) !== "served") {
    throw new Error(
      `Refusing to serve on ${where}: a certificate of this fleet's own CA is turned away. Check tls/ for a mismatched CA`,
    );
  }
}

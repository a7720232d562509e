import { connect } from "node:tls";
import { API_PREFIX, CONTRACT } from "../../shared/rest/contract.ts";
import type { TlsIdentity } from "../../shared/platform/client_certificate_probe.ts";

/** A listener that has not answered by then is taken as broken. A machine that is booting may take its time. */
const PROBE_TIMEOUT_MS = 30_000;

/** Longest first line of an answer, in characters. */
const MAX_STATUS_LINE = 1024;

export interface ListenerSelfTestOptions {
  /** Where to connect; for a listener on every interface, loopback. */
  readonly hostname: string;
  readonly port: number;
  /** PEM of the CA that signed the listener's certificate. */
  readonly ca: string;
  /** An identity of this fleet's CA, which the server trusts while the test runs. */
  readonly member: TlsIdentity;
  /** An identity of a CA that this fleet has never seen. */
  readonly stranger: TlsIdentity;
}

/**
 * Proves that the REST listener takes a client without a certificate and one with a foreign certificate for nobody, and
 * recognises a certificate of the fleet. Some runtimes report every client as authorised, and say nothing.
 *
 * @throws {Error} naming the client that was taken for something else; the server must then not start.
 */
export async function assertClientCertificatesRecognised(
  options: ListenerSelfTestOptions,
): Promise<void> {
  const { member, stranger } = options;
  const where = `${options.hostname}:${options.port}`;
  const remedy = "Use Deno 2.8 or newer";
  if (await probe(options) !== 401) {
    throw new Error(
      `Refusing to serve on ${where}: a client without a certificate is taken for an envoy. ${remedy}`,
    );
  }
  if (await probe(options, stranger) !== 401) {
    throw new Error(
      `Refusing to serve on ${where}: a certificate of a foreign CA is taken for an envoy's. ${remedy}`,
    );
  }
  if (await probe(options, member) !== 400) {
    throw new Error(
      `Refusing to serve on ${where}: a certificate of this fleet's own CA is not recognised. ${remedy}`,
    );
  }
}

/**
 * The status of a view that any envoy may read and nobody else, asked for no rows at all: whoever may read it hears that this
 * makes no sense, before any row is looked at. What envoys have told cannot fail the test. Spoken over plain TLS, so that no
 * HTTP client judges too.
 */
function probe(
  { hostname, port, ca }: ListenerSelfTestOptions,
  identity?: TlsIdentity,
): Promise<number> {
  return new Promise((resolve, reject) => {
    const path = `${API_PREFIX}${CONTRACT.envoyList.path}?limit=0`;
    const socket = connect({
      host: hostname,
      port,
      ca,
      // What the listener does to clients is asked here; who the listener is was decided by whoever started it.
      checkServerIdentity: () => undefined,
      ...(identity ? { cert: identity.certificate, key: identity.privateKey } : {}),
    });
    let answer = "";
    const finish = (settle: () => void) => {
      clearTimeout(timer);
      socket.destroy();
      settle();
    };
    const fail = (reason: string) =>
      finish(() => reject(new Error(`Cannot test listener ${hostname}:${port}: ${reason}`)));
    const timer = setTimeout(() => fail(`no answer in ${PROBE_TIMEOUT_MS} ms`), PROBE_TIMEOUT_MS);
    socket.on("secureConnect", () => {
      socket.write(`GET ${path} HTTP/1.1\r\nHost: self-test\r\nConnection: close\r\n\r\n`);
    });
    socket.on("data", (piece: Uint8Array) => {
      answer += new TextDecoder("latin1").decode(piece);
      const status = /^HTTP\/1\.1 (\d{3}) /.exec(answer)?.[1];
      if (status !== undefined) finish(() => resolve(Number(status)));
      else if (answer.length > MAX_STATUS_LINE) fail("it does not speak HTTP");
    });
    socket.on("error", (error: Error) => fail(error.message));
    socket.on("close", () => fail("it hung up"));
  });
}

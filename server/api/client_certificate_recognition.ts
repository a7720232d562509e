import { request } from "node:https";
import { API_PREFIX, CONTRACT } from "../../shared/rest/contract.ts";
import type { TlsIdentity } from "../../shared/platform/client_certificate_self_test.ts";

/** A listener that has not answered by then is taken as broken. */
const PROBE_TIMEOUT_MS = 5_000;

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
  if (await probe(options, member) !== 200) {
    throw new Error(
      `Refusing to serve on ${where}: a certificate of this fleet's own CA is not recognised. ${remedy}`,
    );
  }
}

/** The status of a view that any envoy may read and nobody else. */
function probe(
  { hostname, port, ca }: ListenerSelfTestOptions,
  identity?: TlsIdentity,
): Promise<number> {
  return new Promise((resolve, reject) => {
    const outgoing = request({
      host: hostname,
      port,
      path: `${API_PREFIX}${CONTRACT.envoyList.path}?limit=1`,
      ca,
      // What the listener does to clients is asked here; who the listener is was decided by whoever started it.
      checkServerIdentity: () => undefined,
      agent: false,
      timeout: PROBE_TIMEOUT_MS,
      ...(identity ? { cert: identity.certificate, key: identity.privateKey } : {}),
    }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    outgoing.on("timeout", () => outgoing.destroy(new Error("no answer in time")));
    outgoing.on(
      "error",
      (cause) =>
        reject(new Error(`Cannot test listener ${hostname}:${port}: ${cause.message}`, { cause })),
    );
    outgoing.end();
  });
}

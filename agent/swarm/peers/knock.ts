import { connect } from "node:tls";
import type { TlsIdentity } from "../../../shared/platform/client_certificate_probe.ts";
import type { Knock } from "./knock_outcome.ts";
import { readPeerIdentity } from "./peer_identity.ts";
import { endpointKey, type PeerEndpoint } from "./peer_registry.ts";

/** Whoever has not answered by then does not answer: less than a question between peers may take. */
const KNOCK_TIMEOUT_MS = 6_000;
/** Shown of what the system or the other end says. */
const MAX_DETAIL_LENGTH = 200;

export interface KnockOptions {
  readonly endpoint: PeerEndpoint;
  /** Who should be there. */
  readonly uuid: string;
  readonly identity: TlsIdentity;
  readonly ca: string;
  /** Address to call from. */
  readonly localAddress?: string | undefined;
  readonly timeoutMs?: number;
  readonly signal: AbortSignal;
}

const UNREACHABLE = /EHOSTUNREACH|ENETUNREACH|EADDRNOTAVAIL|EACCES|EPERM/;

/** Opens one new connection with this envoy's certificate, looks who answers, and hangs up. Says nothing else. */
export function knock(options: KnockOptions): Promise<Knock> {
  const { endpoint, uuid, identity, ca, localAddress, signal } = options;
  const { timeoutMs = KNOCK_TIMEOUT_MS } = options;
  const { promise, resolve } = Promise.withResolvers<Knock>();
  let isConnected = false;
  let seen: Knock | undefined;
  const socket = connect({
    host: endpoint.address,
    port: endpoint.port,
    ...(localAddress === undefined ? {} : { localAddress }),
    ca,
    cert: identity.certificate,
    key: identity.privateKey,
    minVersion: "TLSv1.3",
    checkServerIdentity: (_host, { raw }) => {
      const verdict = readPeerIdentity(raw, "server");
      if (!verdict.ok) seen = { outcome: "stranger", detail: verdict.reason };
      else if (verdict.peer.uuid === uuid) seen = { outcome: "answered", detail: "" };
      else seen = { outcome: "other", detail: verdict.peer.hostname };
      return undefined;
    },
  });
  const finish = (result: Knock) => {
    clearTimeout(timer);
    signal.removeEventListener("abort", cancel);
    socket.destroy();
    resolve({ ...result, detail: result.detail.slice(0, MAX_DETAIL_LENGTH) });
  };
  const cancel = () => finish({ outcome: "silent", detail: "cancelled" });
  const timer = setTimeout(() =>
    finish(
      isConnected
        ? { outcome: "stranger", detail: "it takes the connection and says nothing" }
        : { outcome: "silent", detail: `no answer within ${timeoutMs / 1000} s` },
    ), timeoutMs);
  signal.addEventListener("abort", cancel, { once: true });
  socket.once("connect", () => {
    isConnected = true;
  });
  socket.once("secureConnect", () => finish(seen ?? { outcome: "stranger", detail: "" }));
  socket.on("error", (error: Error & { code?: string }) => {
    const detail = error.message || `${error.code} at ${endpointKey(endpoint)}`;
    const what = `${error.code} ${error.message}`;
    if (!isConnected && /ECONNREFUSED/.test(what)) finish({ outcome: "refused", detail });
    else if (!isConnected && /ETIMEDOUT/.test(what)) finish({ outcome: "silent", detail });
    else if (!isConnected && UNREACHABLE.test(what)) finish({ outcome: "unreachable", detail });
    else finish(seen ?? { outcome: "stranger", detail });
  });
  socket.once("close", () => finish(seen ?? { outcome: "stranger", detail: "it hung up" }));
  if (signal.aborted) cancel();
  return promise;
}

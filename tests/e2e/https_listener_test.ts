import assert from "node:assert/strict";
import { once } from "node:events";
import { connect as connectTcp, type Socket } from "node:net";
import { connect, type TLSSocket } from "node:tls";
import { type Context, Hono } from "hono";
import { readClientCertificate } from "../../server/api/client_certificate.ts";
import {
  type HttpsListener,
  LISTENER_LIMITS,
  type ListenerLimits,
  startHttpsListener,
} from "../../server/api/https_listener.ts";
import { assertClientCertificatesRecognised } from "../../server/api/client_certificate_recognition.ts";
import { PeerCertificates } from "../../server/checkin/peer_certificates.ts";
import { makeSelfTestIdentities } from "../../server/checkin/self_test_identities.ts";
import {
  type Authority,
  loadOrCreateAuthority,
} from "../../server/enroll/certificate_authority.ts";
import { API_PREFIX } from "../../shared/rest/contract.ts";
import { eventually } from "../support/eventually.ts";
import { exchange } from "../support/rest_exchange.ts";
import { TemporaryRoot } from "../support/temporary_root.ts";

/** What a listener takes a client for. */
type Judge = (context: Context) => "envoy" | "nobody";

interface Rig extends AsyncDisposable {
  readonly authority: Authority;
  readonly listener: HttpsListener;
  readonly refused: { count: number };
}

const certificates = new PeerCertificates();
const judgeRightly: Judge = (context) =>
  readClientCertificate(context, certificates) ? "envoy" : "nobody";

/** A fleet's keys and a listener that answers the one view that the self-test asks for. */
async function startRig(judge: Judge, limits: ListenerLimits = LISTENER_LIMITS): Promise<Rig> {
  const root = await TemporaryRoot.create();
  const authority = await loadOrCreateAuthority({
    tlsFolder: root.path,
    secretsFolder: root.path,
    hostname: "localhost",
    sans: [],
    addresses: [],
    hasEnrolments: false,
    now: () => Date.now(),
  });
  const app = new Hono();
  app.get(
    `${API_PREFIX}/envoys`,
    (context) => context.json({}, judge(context) === "envoy" ? 400 : 401),
  );
  const refused = { count: 0 };
  const listener = await startHttpsListener({
    hostname: "127.0.0.1",
    port: 0,
    identity: authority.serverIdentity,
    ca: authority.caCertificate,
    app,
    onRefused: () => refused.count += 1,
    limits,
  });
  return {
    authority,
    listener,
    refused,
    [Symbol.asyncDispose]: async () => {
      await listener.stop();
      await root[Symbol.asyncDispose]();
    },
  };
}

async function selfTest({ authority, listener }: Rig): Promise<void> {
  await assertClientCertificatesRecognised({
    hostname: "127.0.0.1",
    port: listener.port,
    ca: authority.caCertificate,
    ...await makeSelfTestIdentities(authority, Date.now()),
  });
}

async function openConnection({ listener, authority }: Rig): Promise<TLSSocket> {
  const socket = connect({ host: "localhost", port: listener.port, ca: authority.caCertificate });
  await once(socket, "secureConnect");
  return socket;
}

Deno.test("a listener that tells envoys from strangers passes its self-test", async () => {
  await using rig = await startRig(judgeRightly);
  await selfTest(rig);
});

for (
  const [what, judge, expected] of [
    ["takes everybody for an envoy", () => "envoy", /a client without a certificate is taken/],
    [
      "believes every certificate, as old runtimes do",
      // A certificate that was offered and not verified is what such a runtime reports as authorised.
      (context: Context) =>
        context.env.incoming.socket.getPeerCertificate().raw ? "envoy" : "nobody",
      /a certificate of a foreign CA is taken/,
    ],
    ["recognises nobody", () => "nobody", /fleet's own CA is not recognised/],
  ] as [string, Judge, RegExp][]
) {
  Deno.test(`a listener that ${what} fails its self-test`, async () => {
    await using rig = await startRig(judge);
    await assert.rejects(selfTest(rig), expected);
  });
}

Deno.test("a renewed certificate is served to the next connection", async () => {
  await using rig = await startRig(judgeRightly);
  const serialOf = async () => {
    const socket = await openConnection(rig);
    const { serialNumber } = socket.getPeerCertificate();
    socket.destroy();
    return serialNumber;
  };
  const before = await serialOf();
  await using root = await TemporaryRoot.create();
  // Another fleet's identity stands for a renewed one: all that matters is that it is another.
  const other = await loadOrCreateAuthority({
    tlsFolder: root.path,
    secretsFolder: root.path,
    hostname: "localhost",
    sans: [],
    addresses: [],
    hasEnrolments: false,
    now: () => Date.now(),
  });
  rig.listener.setIdentity(other.serverIdentity);
  const socket = connect({
    host: "localhost",
    port: rig.listener.port,
    ca: other.caCertificate,
  });
  await once(socket, "secureConnect");
  assert.notEqual(socket.getPeerCertificate().serialNumber, before);
  socket.destroy();
});

Deno.test("past the limit of connections a request is answered 503, counted, and served again later", async () => {
  await using rig = await startRig(judgeRightly, { ...LISTENER_LIMITS, maxConnections: 2 });
  const held = [await openConnection(rig), await openConnection(rig)];
  const url = `https://localhost:${rig.listener.port}${API_PREFIX}/envoys`;
  const answer = await exchange(url, rig.authority.caCertificate);
  assert.equal(answer.status, 503);
  assert.deepEqual(answer.json, {
    message: "Too many connections are open; try again in a moment",
  });
  assert.equal(rig.refused.count, 1);
  for (const socket of held) socket.destroy();
  await eventually(
    "the closed connections are forgotten",
    async () => (await exchange(url, rig.authority.caCertificate)).status === 401,
  );
});

Deno.test("one address cannot hold more than its share of connections, and the listener says so to its metrics", async () => {
  await using rig = await startRig(judgeRightly, { ...LISTENER_LIMITS, maxPerAddress: 3 });
  const held: Socket[] = [];
  for (let turn = 0; turn < 3; turn++) {
    const socket = connectTcp(rig.listener.port, "127.0.0.1");
    socket.on("error", () => {});
    await once(socket, "connect");
    held.push(socket);
  }
  const dropped = connectTcp(rig.listener.port, "127.0.0.1");
  dropped.on("error", () => {});
  dropped.resume();
  await once(dropped, "close");
  assert.equal(rig.refused.count, 1);
  for (const socket of held) socket.destroy();
  const url = `https://localhost:${rig.listener.port}${API_PREFIX}/envoys`;
  await eventually(
    "the closed connections are forgotten",
    () =>
      exchange(url, rig.authority.caCertificate).then(({ status }) => status === 401, () => false),
  );
});

Deno.test("a request with more headers than anybody needs is refused", async () => {
  await using rig = await startRig(judgeRightly);
  const statusWith = async (count: number) => {
    const socket = await openConnection(rig);
    const headers = Array.from({ length: count - 1 }, (_, index) => `x-${index}: 1\r\n`).join("");
    socket.write(`GET ${API_PREFIX}/envoys HTTP/1.1\r\nhost: localhost\r\n${headers}\r\n`);
    const [answer] = await once(socket, "data");
    socket.destroy();
    return String(answer).slice(9, 12);
  };
  assert.equal(await statusWith(100), "401");
  assert.equal(await statusWith(101), "431");
});

Deno.test("a client that never finishes its headers is cut off", async () => {
  await using rig = await startRig(judgeRightly, { ...LISTENER_LIMITS, headersTimeoutMs: 50 });
  const socket = await openConnection(rig);
  socket.on("error", () => {});
  socket.resume();
  socket.write("GET / HTTP/1.1\r\nhost: localhost\r\nx-slow: ");
  await once(socket, "close");
});

Deno.test("connections that are only held open do not hold up the end", async () => {
  await using rig = await startRig(judgeRightly);
  const secure = await openConnection(rig);
  secure.on("error", () => {});
  secure.resume();
  const plain = connectTcp(rig.listener.port, "127.0.0.1");
  plain.on("error", () => {});
  plain.resume();
  await once(plain, "connect");
  await Promise.all([once(secure, "close"), once(plain, "close"), rig.listener.stop()]);
});

Deno.test("a client that asks on and on and takes no answer loses its connection, and others are served", async () => {
  let judged = 0;
  await using rig = await startRig((context) => (judged += 1, judgeRightly(context)));
  const flood = await openConnection(rig);
  flood.on("error", () => {});
  const ended = new Promise((resolve) => flood.once("close", resolve));
  flood.pause();
  flood.write(`GET ${API_PREFIX}/envoys HTTP/1.1\r\nhost: localhost\r\n\r\n`.repeat(5_000));
  // What nobody reads is not told of its end before it is read.
  await selfTest(rig);
  flood.resume();
  await ended;
  assert.ok(judged < 100, `${judged} requests were served`);
});

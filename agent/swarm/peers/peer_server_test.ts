import assert from "node:assert/strict";
import https, { type ServerOptions } from "node:https";
import { once } from "node:events";
import { connect as connectTcp, type Socket } from "node:net";
import { connect } from "node:tls";
import {
  probeHandshake,
  type TlsIdentity,
} from "../../../shared/platform/client_certificate_probe.ts";
import { enrolMember, TestAuthority } from "../../../tests/e2e/swarm_fleet.ts";
import { eventually } from "../../../tests/support/eventually.ts";
import { findFreePort } from "../../../tests/support/free_port.ts";
import { MAX_CONTROL_PER_PEER } from "./connection_limits.ts";
import { FakePeerContent } from "./fake_peer_content.ts";
import { PeerRoutes } from "./peer_routes.ts";
import { PeerServer, type PeerServerOptions } from "./peer_server.ts";
import { UnfitRuntimeError } from "./unfit_runtime_error.ts";

const ADDRESS = "127.0.0.1";

function optionsFor(identity: TlsIdentity, ca: string): PeerServerOptions {
  return {
    identity,
    ca,
    address: ADDRESS,
    port: findFreePort(),
    isRevoked: () => false,
    onCaller: () => {},
    routes: new PeerRoutes(new FakePeerContent()),
  };
}

/** Starts on a runtime that ignores some of what it is told about client certificates, and tells how it refuses. */
async function refusalOf(
  ignored: Pick<ServerOptions, "requestCert" | "rejectUnauthorized">,
  blind: (socket: Socket) => void = () => {},
) {
  const authority = await TestAuthority.create();
  const { identity } = await enrolMember(authority, "envoy-0");
  const options = optionsFor(identity, authority.pem);
  const started = PeerServer.start({
    ...options,
    createServer: (tls, listener) =>
      https.createServer({ ...tls, ...ignored }, (request, response) => {
        blind(request.socket);
        listener(request, response);
      }),
  });
  const error: unknown = await started.then(() => undefined, (reason: unknown) => reason);
  const probe = { hostname: ADDRESS, port: options.port, ca: authority.pem };
  await assert.rejects(probeHandshake(probe), /connection refused/);
  assert.ok(error instanceof UnfitRuntimeError, String(error));
  return error.message;
}

Deno.test("a runtime that does not verify who signed a certificate gets no peer server", async () => {
  const message = await refusalOf({ rejectUnauthorized: false });
  assert.match(message, /^Refusing to serve .* accepts certificates of a foreign CA/);
});

Deno.test("a runtime that asks nobody for a certificate gets no peer server", async () => {
  assert.match(await refusalOf({ requestCert: false }), /^Refusing to serve/);
});

Deno.test("a runtime that cannot tell who calls gets no peer server", async () => {
  const message = await refusalOf(
    { requestCert: false },
    (socket) => Object.assign(socket, { getPeerCertificate: undefined }),
  );
  assert.match(message, /^Refusing to serve .* accepts clients without a certificate/);
});

Deno.test("members are served, strangers and the expelled are not", async () => {
  const authority = await TestAuthority.create();
  const { identity } = await enrolMember(authority, "envoy-0");
  const expelled = await enrolMember(authority, "envoy-1");
  const stranger = await enrolMember(await TestAuthority.create("another fleet"), "envoy-2");
  const options = optionsFor(identity, authority.pem);
  const server = await PeerServer.start({
    ...options,
    isRevoked: ({ uuid }) => uuid === expelled.uuid,
  });
  try {
    const probe = { hostname: ADDRESS, port: server.port, ca: authority.pem };
    assert.equal(await probeHandshake({ ...probe, identity }), "served");
    assert.equal(await probeHandshake({ ...probe, identity: expelled.identity }), "refused");
    assert.equal(await probeHandshake({ ...probe, identity: stranger.identity }), "refused");
    assert.equal(await probeHandshake(probe), "refused");
  } finally {
    await server.stop();
  }
});

/** What comes of questions of one peer that it never finishes. */
function askWithoutEnd(
  { port, ca, identity }: { port: number; ca: string; identity: TlsIdentity },
  count: number,
): { readonly socket: Socket; readonly answer: Promise<string> }[] {
  return Array.from({ length: count }, () => {
    const socket = connect({
      host: ADDRESS,
      port,
      ca,
      cert: identity.certificate,
      key: identity.privateKey,
      checkServerIdentity: () => undefined,
    });
    socket.on("error", () => {});
    socket.write("POST /swarm/v1/manifest HTTP/1.1\r\nhost: peer\r\ncontent-length: 9\r\n\r\n{");
    const answer = new Promise<string>((resolve) => {
      socket.once("data", (bytes) => resolve(bytes.toString("latin1").slice(0, 12)));
      socket.once("close", () => resolve("cut off"));
    });
    return { socket, answer };
  });
}

Deno.test("a peer asks only so many questions at once", async () => {
  const authority = await TestAuthority.create();
  const { identity } = await enrolMember(authority, "envoy-0");
  const eager = await enrolMember(authority, "envoy-1");
  const server = await PeerServer.start({
    ...optionsFor(identity, authority.pem),
    controlTimeoutMs: 600_000,
  });
  try {
    const caller = { port: server.port, ca: authority.pem, identity: eager.identity };
    const asked = askWithoutEnd(caller, MAX_CONTROL_PER_PEER + 1);
    assert.equal(await Promise.race(asked.map(({ answer }) => answer)), "HTTP/1.1 503");
    assert.ok(asked.filter(({ socket }) => socket.closed).length <= 1);
    for (const { socket } of asked) socket.destroy();
  } finally {
    await server.stop();
  }
});

Deno.test("a peer that never finishes its questions is cut off, and its places are free again", async () => {
  const authority = await TestAuthority.create();
  const { identity } = await enrolMember(authority, "envoy-0");
  const slow = await enrolMember(authority, "envoy-1");
  const server = await PeerServer.start({
    ...optionsFor(identity, authority.pem),
    controlTimeoutMs: 200,
  });
  try {
    const probe = { hostname: ADDRESS, port: server.port, ca: authority.pem };
    const caller = { port: server.port, ca: authority.pem, identity: slow.identity };
    const asked = askWithoutEnd(caller, MAX_CONTROL_PER_PEER);
    for (const { answer } of asked) assert.equal(await answer, "cut off");
    // A machine under load may be too slow itself for such a limit: who asks honestly asks again.
    await eventually(
      "the peer is served",
      async () => await probeHandshake({ ...probe, identity: slow.identity }) === "served",
    );
  } finally {
    await server.stop();
  }
});

/** Connections that say nothing, not even a greeting. */
function openSilently(port: number, count: number): Socket[] {
  return Array.from({ length: count }, () => {
    const socket = connectTcp(port, ADDRESS);
    socket.on("error", () => {});
    return socket.resume();
  });
}

Deno.test("only so many connections of one address may be in their handshake", async () => {
  const authority = await TestAuthority.create();
  const { identity } = await enrolMember(authority, "envoy-0");
  const server = await PeerServer.start({
    ...optionsFor(identity, authority.pem),
    handshakes: { total: 512, perAddress: 3, timeoutMs: 600_000 },
  });
  try {
    const silent = openSilently(server.port, 4);
    await Promise.race(silent.map((socket) => once(socket, "close")));
    assert.equal(silent.filter(({ closed }) => closed).length, 1);
    const probe = { hostname: ADDRESS, port: server.port, ca: authority.pem };
    assert.equal(await probeHandshake({ ...probe, identity }), "refused");
    for (const socket of silent) socket.destroy();
    const isServed = async () => await probeHandshake({ ...probe, identity }) === "served";
    await eventually("the closed connections are forgotten", isServed, 60_000);
  } finally {
    await server.stop();
  }
});

Deno.test("a connection that never begins its handshake is dropped", async () => {
  const authority = await TestAuthority.create();
  const { identity } = await enrolMember(authority, "envoy-0");
  const server = await PeerServer.start({
    ...optionsFor(identity, authority.pem),
    handshakes: { total: 512, perAddress: 3, timeoutMs: 4_000 },
  });
  try {
    await Promise.all(openSilently(server.port, 2).map((socket) => once(socket, "close")));
  } finally {
    await server.stop();
  }
});

Deno.test("a peer that asks on and on and waits for no answer loses its connection", async () => {
  const authority = await TestAuthority.create();
  const { identity } = await enrolMember(authority, "envoy-0");
  const greedy = await enrolMember(authority, "envoy-1");
  const server = await PeerServer.start(optionsFor(identity, authority.pem));
  try {
    const socket = connect({
      host: ADDRESS,
      port: server.port,
      ca: authority.pem,
      cert: greedy.identity.certificate,
      key: greedy.identity.privateKey,
      checkServerIdentity: () => undefined,
    });
    socket.on("error", () => {});
    await once(socket, "secureConnect");
    const ended = new Promise((resolve) => socket.once("close", resolve));
    socket.write("GET /swarm/v1/fleet HTTP/1.1\r\nhost: peer\r\n\r\n".repeat(5_000));
    let answers = 0;
    socket.on("data", (part) => answers += String(part).split("HTTP/1.1 ").length - 1);
    await ended;
    assert.ok(answers < 100, `${answers} questions were answered`);
  } finally {
    await server.stop();
  }
});

import assert from "node:assert/strict";
import https, { type ServerOptions } from "node:https";
import type { Socket } from "node:net";
import {
  probeHandshake,
  type TlsIdentity,
} from "../../../shared/platform/client_certificate_probe.ts";
import { enrolMember, TestAuthority } from "../../../tests/e2e/swarm_fleet.ts";
import { findFreePort } from "../../../tests/support/free_port.ts";
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

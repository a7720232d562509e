import "reflect-metadata";
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect as connectTcp, type Socket } from "node:net";
import { connect, type PeerCertificate } from "node:tls";
import { Server } from "@grpc/grpc-js";
import {
  assertClientCertificatesRequired,
  type TlsIdentity,
} from "../../shared/platform/client_certificate_probe.ts";
import { eventually } from "../../tests/support/eventually.ts";
import { TemporaryRoot } from "../../tests/support/temporary_root.ts";
import { type Authority, loadOrCreateAuthority } from "../enroll/certificate_authority.ts";
import { RenewableCredentials } from "./renewable_credentials.ts";
import { makeSelfTestIdentities } from "./self_test_identities.ts";

Deno.test("a listener shows its new certificate to new connections and demands theirs all the same", async () => {
  await using root = await TemporaryRoot.create();
  const authority = await createAuthority(root);
  const identities = await makeSelfTestIdentities(authority, Date.now());
  const credentials = new RenewableCredentials(
    authority.caCertificate,
    authority.serverIdentity,
  );
  const server = new Server();
  const port = await bind(server, credentials);
  try {
    const before = await fingerprintShown(port, identities.member);
    // Any other certificate of this CA will do for telling the two apart.
    credentials.setIdentity(identities.member);
    const after = await fingerprintShown(port, identities.member);
    assert.notEqual(after, before);
    await assertClientCertificatesRequired({
      hostname: "127.0.0.1",
      port,
      ca: authority.caCertificate,
      alpn: "h2",
      ...identities,
    });
  } finally {
    server.forceShutdown();
  }
});

for (
  const [what, limits] of [
    ["all addresses", { total: 3, perAddress: 10, timeoutMs: 60_000 }],
    ["one address", { total: 10, perAddress: 3, timeoutMs: 60_000 }],
  ] as const
) {
  Deno.test(`a connection past the limit of unfinished handshakes of ${what} is dropped, finished ones do not count`, async () => {
    await using root = await TemporaryRoot.create();
    const authority = await createAuthority(root);
    const { member } = await makeSelfTestIdentities(authority, Date.now());
    const server = new Server();
    const { caCertificate, serverIdentity } = authority;
    const port = await bind(
      server,
      new RenewableCredentials(caCertificate, serverIdentity, limits),
    );
    const held: Socket[] = [];
    try {
      for (let turn = 0; turn < 4; turn++) held.push(await openSecure(port, member));
      for (let turn = 0; turn < 3; turn++) held.push(await openRaw(port));
      const dropped = await openRaw(port);
      await once(dropped, "close");
      assert.ok(held.every(({ destroyed }) => !destroyed));
      held.pop()?.destroy();
      await eventually("the place of a closed connection is free", async () => {
        return await fingerprintShown(port, member).then(() => true, () => false);
      });
    } finally {
      for (const socket of held) socket.destroy();
      server.forceShutdown();
    }
  });
}

Deno.test("a client that does not finish its handshake is cut off", async () => {
  await using root = await TemporaryRoot.create();
  const { caCertificate, serverIdentity } = await createAuthority(root);
  const server = new Server();
  const limits = { total: 10, perAddress: 10, timeoutMs: 50 };
  const port = await bind(server, new RenewableCredentials(caCertificate, serverIdentity, limits));
  try {
    await once(await openRaw(port), "close");
  } finally {
    server.forceShutdown();
  }
});

/** A connection whose handshake is over. */
async function openSecure(port: number, { certificate, privateKey }: TlsIdentity): Promise<Socket> {
  const socket = connect({
    host: "127.0.0.1",
    port,
    cert: certificate,
    key: privateKey,
    rejectUnauthorized: false,
    ALPNProtocols: ["h2"],
  });
  socket.on("error", () => {});
  socket.resume();
  await once(socket, "secureConnect");
  // The server's side of the handshake is over once it speaks.
  await once(socket, "data");
  return socket;
}

/** A connection on which no TLS is spoken. */
async function openRaw(port: number): Promise<Socket> {
  const socket = connectTcp(port, "127.0.0.1");
  socket.on("error", () => {});
  socket.resume();
  await once(socket, "connect");
  return socket;
}

function createAuthority(root: TemporaryRoot): Promise<Authority> {
  return loadOrCreateAuthority({
    tlsFolder: root.path,
    secretsFolder: root.path,
    hostname: "hub",
    sans: [],
    addresses: [],
    hasEnrolments: false,
    now: () => Date.now(),
  });
}

function bind(server: Server, credentials: RenewableCredentials): Promise<number> {
  return new Promise((settle, fail) => {
    server.bindAsync(
      "127.0.0.1:0",
      credentials,
      (error, port) => error ? fail(error) : settle(port),
    );
  });
}

function fingerprintShown(port: number, { certificate, privateKey }: TlsIdentity): Promise<string> {
  return new Promise((settle, fail) => {
    const socket = connect({
      host: "127.0.0.1",
      port,
      cert: certificate,
      key: privateKey,
      // Only which certificate it is matters here.
      rejectUnauthorized: false,
      ALPNProtocols: ["h2"],
    });
    socket.on("error", fail);
    socket.on("secureConnect", () => {
      const peer: PeerCertificate = socket.getPeerCertificate();
      socket.destroy();
      settle(peer.fingerprint256);
    });
  });
}

import "reflect-metadata";
import assert from "node:assert/strict";
import { connect, type PeerCertificate } from "node:tls";
import { Server } from "@grpc/grpc-js";
import {
  assertClientCertificatesRequired,
  type TlsIdentity,
} from "../../shared/platform/client_certificate_probe.ts";
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

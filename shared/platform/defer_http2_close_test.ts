import assert from "node:assert/strict";
import { once } from "node:events";
import http2 from "node:http2";
import type { AddressInfo } from "node:net";
import "reflect-metadata";
import { X509CertificateGenerator } from "@peculiar/x509";
import { deferHttp2Close } from "./defer_http2_close.ts";

async function selfSigned(): Promise<{ key: string; cert: string }> {
  const signingAlgorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
  const keys = await crypto.subtle.generateKey(signingAlgorithm, true, ["sign", "verify"]);
  const certificate = await X509CertificateGenerator.createSelfSigned({
    name: "CN=localhost",
    keys,
    signingAlgorithm,
  });
  const der = new Uint8Array(await crypto.subtle.exportKey("pkcs8", keys.privateKey));
  const key = `-----BEGIN PRIVATE KEY-----\n${der.toBase64()}\n-----END PRIVATE KEY-----\n`;
  return { key, cert: certificate.toString("pem") };
}

/** Both ends of a connection, and the server to close once they are gone. */
async function connectPair() {
  const { key, cert } = await selfSigned();
  const server = http2.createSecureServer({ key, cert });
  const accepted = once(server, "session") as Promise<[http2.ServerHttp2Session]>;
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const client = http2.connect(`https://127.0.0.1:${port}`, { rejectUnauthorized: false });
  const [session] = await accepted;
  return { client, session, stop: () => new Promise((resolve) => server.close(resolve)) };
}

Deno.test("sessions of both sides close a turn after they are told to, and close for good", async () => {
  deferHttp2Close();
  deferHttp2Close();
  const { client, session, stop } = await connectPair();
  const ends = [session, client].map((end) => once(end, "close"));
  for (const end of [session, client]) {
    end.close();
    assert.equal(end.closed, false, "not from within the call");
  }
  await Promise.all(ends);
  await stop();
});

Deno.test("whoever stops a server closes its sessions at once", async () => {
  deferHttp2Close();
  const { client, session, stop } = await connectPair();
  const ended = once(client, "close");
  const told = new Promise<void>((resolve) => session.close(resolve));
  assert.equal(session.closed, true);
  await Promise.all([told, ended]);
  await stop();
});

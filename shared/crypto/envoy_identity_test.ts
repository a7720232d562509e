import "reflect-metadata";
import assert from "node:assert/strict";
import {
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  type JsonGeneralNames,
  SubjectAlternativeNameExtension,
  X509CertificateGenerator,
} from "@peculiar/x509";
import fc from "fast-check";
import { envoyCertificateNames, NO_SERVER_AUTH, readEnvoyIdentity } from "./envoy_identity.ts";

const identity = {
  uuid: "6f1c2a58-1d0f-4c3e-9f63-2b7c51d0a4e9",
  hostname: "web-1.example.com",
  signingKey: "ab".repeat(32),
};
const { clientAuth, serverAuth } = ExtendedKeyUsage;
const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };

function namesOf(of = identity): JsonGeneralNames {
  const { dns, urls } = envoyCertificateNames(of);
  return [{ type: "dns", value: dns }, ...urls.map((value) => ({ type: "url" as const, value }))];
}

async function certificate(
  names: JsonGeneralNames = namesOf(),
  usages: readonly string[] = [clientAuth, serverAuth],
): Promise<Uint8Array> {
  const keys = await crypto.subtle.generateKey(algorithm, false, ["sign", "verify"]);
  const made = await X509CertificateGenerator.createSelfSigned({
    name: "CN=test",
    keys,
    signingAlgorithm: algorithm,
    extensions: [
      new SubjectAlternativeNameExtension(names),
      new ExtendedKeyUsageExtension([...usages]),
    ],
  });
  return new Uint8Array(made.rawData);
}

Deno.test("the names that are written are the identity that is read", async () => {
  assert.deepEqual(readEnvoyIdentity(await certificate()), { ok: true, identity });
});

Deno.test("a certificate without serverAuth says that the envoy must be enrolled again", async () => {
  const der = await certificate(namesOf(), [clientAuth]);
  assert.deepEqual(readEnvoyIdentity(der), { ok: false, reason: NO_SERVER_AUTH });
});

Deno.test("a certificate without clientAuth is nobody's", async () => {
  const result = readEnvoyIdentity(await certificate(namesOf(), [serverAuth]));
  assert.match(result.ok ? "" : result.reason, /client authentication/);
});

Deno.test("a certificate that names two envoys is nobody's", async () => {
  const second = `vigo:envoy:${crypto.randomUUID()}`;
  const der = await certificate([...namesOf(), { type: "url", value: second }]);
  assert.match(JSON.stringify(readEnvoyIdentity(der)), /does not name one hostname, one envoy/);
});

Deno.test("a certificate that lacks one of the three names is nobody's", async () => {
  for (let missing = 0; missing < 3; missing++) {
    const der = await certificate(namesOf().filter((_, index) => index !== missing));
    assert.equal(readEnvoyIdentity(der).ok, false);
  }
});

Deno.test("a UUID or key in another spelling is not taken for one", async () => {
  for (const value of [`vigo:envoy:${identity.uuid.toUpperCase()}`, "vigo:envoy:x, URI:y"]) {
    const names = namesOf().filter((name) => !name.value.startsWith("vigo:envoy:"));
    assert.equal(
      readEnvoyIdentity(await certificate([...names, { type: "url", value }])).ok,
      false,
    );
  }
});

Deno.test("bytes that are no certificate are a reason, not an exception", async () => {
  const der = await certificate();
  fc.assert(
    fc.property(fc.nat(der.length - 1), fc.nat(255), (at, byte) => {
      const altered = der.slice();
      altered[at] = byte;
      readEnvoyIdentity(altered);
      readEnvoyIdentity(der.subarray(0, at));
    }),
  );
  assert.equal(readEnvoyIdentity(new Uint8Array(9000)).ok, false);
});

import "reflect-metadata";
import { createPrivateKey, generateKeyPairSync } from "node:crypto";
import { Pkcs10CertificateRequestGenerator } from "@peculiar/x509";

/** A fresh TLS key and the request for its certificate. */
export interface KeyAndRequest {
  /** PKCS#8 PEM, for a file of mode 0600. */
  readonly privateKeyPem: string;
  /** PKCS#10, DER. */
  readonly csr: Uint8Array<ArrayBuffer>;
}

const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;

/** Makes a P-256 key and a request for it. The server takes nothing but the public key, so the name is for readers. */
export async function makeKeyAndRequest(hostname: string): Promise<KeyAndRequest> {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const privateKeyPem = privateKey.export({ format: "pem", type: "pkcs8" }).toString();
  const keys = await importPair(privateKeyPem);
  const request = await Pkcs10CertificateRequestGenerator.create({
    name: [{ CN: [hostname] }],
    keys,
    signingAlgorithm: ALGORITHM,
  });
  return { privateKeyPem, csr: new Uint8Array(request.rawData) };
}

async function importPair(privateKeyPem: string): Promise<CryptoKeyPair> {
  const jwk = createPrivateKey(privateKeyPem).export({ format: "jwk" });
  const { d: _private, ...open } = jwk;
  const [privateKey, publicKey] = await Promise.all([
    crypto.subtle.importKey("jwk", jwk, ALGORITHM, false, ["sign"]),
    crypto.subtle.importKey("jwk", open, ALGORITHM, true, ["verify"]),
  ]);
  return { privateKey, publicKey };
}

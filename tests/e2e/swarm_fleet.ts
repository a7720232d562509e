import "reflect-metadata";
import * as x509 from "@peculiar/x509";
import { generateEd25519, type Signer } from "../../shared/crypto/ed25519.ts";
import type { TlsIdentity } from "../../shared/platform/client_certificate_probe.ts";

const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;
const DAY_MS = 86_400_000;

/** A fleet's certificate authority, made for one test. */
export class TestAuthority {
  readonly pem: string;
  readonly #keys: CryptoKeyPair | undefined;

  private constructor(pem: string, keys?: CryptoKeyPair) {
    this.pem = pem;
    this.#keys = keys;
  }

  /** The public half of an authority that another process made; it issues nothing. */
  static of(pem: string): TestAuthority {
    return new TestAuthority(pem);
  }

  static async create(name = "Vigo test fleet"): Promise<TestAuthority> {
    const keys = await crypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);
    const certificate = await x509.X509CertificateGenerator.createSelfSigned({
      serialNumber: "01",
      name: `CN=${name}`,
      notBefore: new Date(Date.now() - DAY_MS),
      notAfter: new Date(Date.now() + DAY_MS),
      signingAlgorithm: ALGORITHM,
      keys,
      extensions: [
        new x509.BasicConstraintsExtension(true, 0, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign, true),
      ],
    });
    return new TestAuthority(certificate.toString("pem"), keys);
  }

  /** Issues a certificate like those of enrolment. */
  async issue(
    member: { hostname: string; uuid: string; author: string },
    usages: x509.ExtendedKeyUsage[] = [
      x509.ExtendedKeyUsage.clientAuth,
      x509.ExtendedKeyUsage.serverAuth,
    ],
  ): Promise<TlsIdentity> {
    if (!this.#keys) throw new Error("Cannot issue a certificate: only the public half is here");
    const keys = await crypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);
    const certificate = await x509.X509CertificateGenerator.create({
      serialNumber: crypto.randomUUID().replaceAll("-", ""),
      subject: `CN=${member.hostname}`,
      issuer: new x509.X509Certificate(this.pem).subject,
      notBefore: new Date(Date.now() - DAY_MS),
      notAfter: new Date(Date.now() + DAY_MS),
      signingKey: this.#keys.privateKey,
      publicKey: keys.publicKey,
      signingAlgorithm: ALGORITHM,
      extensions: [
        new x509.BasicConstraintsExtension(false),
        new x509.ExtendedKeyUsageExtension(usages),
        new x509.SubjectAlternativeNameExtension([
          { type: "dns", value: member.hostname },
          { type: "url", value: `vigo:envoy:${member.uuid}` },
          { type: "url", value: `vigo:ed25519:${member.author}` },
        ]),
      ],
    });
    const pkcs8 = await crypto.subtle.exportKey("pkcs8", keys.privateKey);
    return {
      certificate: certificate.toString("pem"),
      privateKey: x509.PemConverter.encode(pkcs8, "PRIVATE KEY"),
    };
  }
}

/** One envoy of a test fleet: its names, its certificate and the key that its daemon would keep. */
export interface TestMember {
  readonly hostname: string;
  readonly uuid: string;
  readonly author: string;
  readonly signer: Signer;
  readonly identity: TlsIdentity;
}

/** Enrols an envoy. */
export async function enrolMember(
  authority: TestAuthority,
  hostname: string,
  signer: Signer = generateEd25519().signer,
): Promise<TestMember> {
  const names = { hostname, uuid: crypto.randomUUID(), author: signer.publicKey.toHex() };
  return { ...names, signer, identity: await authority.issue(names) };
}

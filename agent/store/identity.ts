import { X509Certificate } from "node:crypto";
import { z } from "zod";
import {
  loadSigner,
  loadVerifier,
  type Signer,
  type Verifier,
} from "../../shared/crypto/ed25519.ts";
import type { TlsIdentity } from "../../shared/platform/client_certificate_probe.ts";
import { writeFileDurable } from "../../shared/platform/durable_write.ts";
import { systemReason } from "../../shared/terminal/system_failure.ts";
import { isAbsent } from "./is_absent.ts";

/** Who this envoy is, and whom it believes. */
export interface Identity {
  readonly envoyUuid: string;
  /** The hostname that the certificate binds: that of the enrolment, until a rename. */
  readonly hostname: string;
  readonly signer: Signer;
  readonly tls: TlsIdentity;
  /** PEM of the fleet's CA. */
  readonly ca: string;
  readonly serverVerifier: Verifier;
}

/** What an enrolment leaves on disk; PEM, but for the raw server key. */
export interface IdentityFiles {
  readonly envoyUuid: string;
  readonly hostname: string;
  readonly signingKeyPem: string;
  readonly tls: TlsIdentity;
  readonly ca: string;
  readonly serverKey: Uint8Array;
}

/** No enrolment is complete under this root. */
export class NotEnrolledError extends Error {
  override readonly name = "NotEnrolledError";

  /** @param folder of the configuration, in which nothing is. */
  constructor(folder: string) {
    super(
      `This machine is not enrolled (no ${folder}/envoy.json). Run "vigo bootstrap --server https://HOST:8443"`,
    );
  }
}

const KEY_MODE = 0o600;
const PUBLIC_MODE = 0o644;

const markerSchema = z.strictObject({
  envoyUuid: z.uuid(),
  hostname: z.string().min(1).max(253),
});

/**
 * Who enrolled, or `undefined` while no enrolment is complete: `envoy.json` is written last.
 *
 * @throws {Error} if the file is there and damaged.
 */
export async function readEnrolment(
  folder: string,
): Promise<z.infer<typeof markerSchema> | undefined> {
  let text: string;
  try {
    text = await Deno.readTextFile(`${folder}/envoy.json`);
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw error;
  }
  try {
    return markerSchema.parse(JSON.parse(text));
  } catch (cause) {
    throw damaged(folder, "envoy.json", "it does not name an envoy", cause);
  }
}

/**
 * Writes an identity. Each file is durable before the next; `envoy.json` commits them all, so after a crash an envoy is
 * enrolled with all of it or may run `vigo bootstrap` again.
 */
export async function writeIdentity(folder: string, files: IdentityFiles): Promise<void> {
  await writeFileDurable(`${folder}/signing.key`, files.signingKeyPem, { mode: KEY_MODE });
  await writeFileDurable(`${folder}/ca.pem`, files.ca, { mode: PUBLIC_MODE });
  await writeFileDurable(`${folder}/server.pub`, `${files.serverKey.toBase64()}\n`, {
    mode: PUBLIC_MODE,
  });
  await writeTlsIdentity(folder, files.tls);
  await writeEnrolment(folder, files);
}

/** Writes who enrolled, in one durable step. */
export async function writeEnrolment(
  folder: string,
  { envoyUuid, hostname }: { readonly envoyUuid: string; readonly hostname: string },
): Promise<void> {
  await writeFileDurable(`${folder}/envoy.json`, `${JSON.stringify({ envoyUuid, hostname })}\n`, {
    mode: PUBLIC_MODE,
  });
}

/** Replaces certificate and key together: they share a file, so that no crash can part them. */
export async function writeTlsIdentity(folder: string, tls: TlsIdentity): Promise<void> {
  const pem = `${tls.privateKey.trim()}\n${tls.certificate.trim()}\n`;
  await writeFileDurable(`${folder}/client.pem`, pem, { mode: KEY_MODE });
}

/**
 * Loads the identity of an enrolled envoy.
 *
 * @throws {NotEnrolledError} if there is none.
 * @throws {Error} naming the file that is missing or damaged.
 */
export async function loadIdentity(folder: string): Promise<Identity> {
  const marker = await readEnrolment(folder);
  if (!marker) {
    throw new NotEnrolledError(folder);
  }
  const [signingKeyPem, client, ca, serverKey] = await Promise.all(
    ["signing.key", "client.pem", "ca.pem", "server.pub"].map((name) => readPart(folder, name)),
  );
  const load = <T>(name: string, what: string, read: () => T): T => {
    try {
      return read();
    } catch (cause) {
      throw damaged(folder, name, what, cause);
    }
  };
  const tls = load("client.pem", "it holds no private key and certificate", () => {
    const both = splitPem(client ?? "");
    return { ...both, hostname: certificateHostname(both.certificate) };
  });
  load("ca.pem", "it is no certificate", () => new X509Certificate(ca ?? ""));
  return {
    ...marker,
    // A crash may have come between the certificate of a new name and the marker that repeats it.
    hostname: tls.hostname ?? marker.hostname,
    signer: load("signing.key", "it is no ed25519 key", () => loadSigner(signingKeyPem ?? "")),
    tls: { privateKey: tls.privateKey, certificate: tls.certificate },
    ca: ca ?? "",
    serverVerifier: load(
      "server.pub",
      "it is no ed25519 public key",
      () => loadVerifier(Uint8Array.fromBase64((serverKey ?? "").trim())),
    ),
  };
}

/** When a certificate starts and ends, in ms since 1970. */
export function certificateLifetime(pem: string): { notBeforeMs: number; notAfterMs: number } {
  const certificate = new X509Certificate(pem);
  return {
    notBeforeMs: Date.parse(certificate.validFrom),
    notAfterMs: Date.parse(certificate.validTo),
  };
}

/** The hostname that a certificate binds; `undefined` if it names none. */
export function certificateHostname(pem: string): string | undefined {
  const names = new X509Certificate(pem).subjectAltName ?? "";
  return /(?:^|, )DNS:([^,]+)/.exec(names)?.[1]?.toLowerCase();
}

async function readPart(folder: string, name: string): Promise<string> {
  try {
    return await Deno.readTextFile(`${folder}/${name}`);
  } catch (cause) {
    throw new Error(
      `Cannot load the identity of this envoy: ${folder}/${name}: ${
        systemReason(cause)
      }. Run as the user who enrolled it, or enrol again`,
      { cause },
    );
  }
}

/** @throws {TypeError} if one of the two is not there. */
function splitPem(text: string): TlsIdentity {
  const privateKey = text.match(/-----BEGIN PRIVATE KEY-----[^-]+-----END PRIVATE KEY-----/)?.[0];
  const certificate = text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/)?.[0];
  if (!privateKey || !certificate) throw new TypeError("a private key or a certificate is missing");
  return { privateKey: `${privateKey}\n`, certificate: `${certificate}\n` };
}

function damaged(folder: string, name: string, what: string, cause: unknown): Error {
  return new Error(
    `Cannot load ${folder}/${name}: ${what}. Restore it, or remove ${folder} and enrol again`,
    { cause },
  );
}

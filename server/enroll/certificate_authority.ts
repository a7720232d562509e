import "reflect-metadata";
import { PemConverter, SubjectAlternativeNameExtension, X509Certificate } from "@peculiar/x509";
import { join } from "node:path";
import { generateEd25519, loadSigner, type Signer } from "../../shared/crypto/ed25519.ts";
import type { EnvoyIdentity } from "../../shared/crypto/envoy_identity.ts";
import type { TlsIdentity } from "../../shared/platform/client_certificate_probe.ts";
import { writeFileDurable } from "../../shared/platform/durable_write.ts";
import {
  generateKeyPair,
  issueAuthorityCertificate,
  type IssuedCertificate,
  issueEnvoyCertificate,
  type Issuer,
  issueServerCertificate,
  KEY_ALGORITHM,
  publicKeyPin,
} from "./certificates.ts";
import { deriveKey, MASTER_KEY_BYTES, parseMasterKey } from "./master_key.ts";
import { serverNames } from "./server_names.ts";

/** Where the fleet's keys live and what the server is called. */
export interface AuthorityOptions {
  /** `tls/`: CA, server certificate, signing key. Must exist. */
  readonly tlsFolder: string;
  /** `secrets/`: the master key. Must exist. */
  readonly secretsFolder: string;
  /** `server.hostname`. */
  readonly hostname: string;
  /** `server.tls_sans`. */
  readonly sans: readonly string[];
  /** Addresses of this machine's interfaces; read from the system when absent. */
  readonly addresses?: readonly string[];
  /** Whether anything was ever enrolled: then lost keys are refused, never made anew. */
  readonly hasEnrolments: boolean;
  readonly now: () => number;
}

/** The keys of a fleet and what they may be used for. No private key leaves it but the server's own, for TLS. */
export interface Authority {
  /** PEM. */
  readonly caCertificate: string;
  readonly caNotAfterMs: number;
  /** The server's ed25519 signer: documents, bundles, time, revocations. */
  readonly signer: Signer;
  /** Certificate and key of the listeners; replaced by {@linkcode Authority.renewServerCertificate}. */
  readonly serverIdentity: TlsIdentity;
  readonly serverNotAfterMs: number;
  /** `sha256//…` of the server's TLS key, which stays the same over renewals. */
  readonly serverKeyPin: string;
  /** 32 bytes for one named purpose, derived from the master key; the same after every restart. */
  deriveKey(purpose: string): Uint8Array<ArrayBuffer>;
  issueEnvoyCertificate(publicKey: CryptoKey, identity: EnvoyIdentity): Promise<IssuedCertificate>;
  /** Makes a new server certificate over the same key when a third of its life is left; false if it was not yet time. */
  renewServerCertificate(): Promise<boolean>;
}

/** The keys on disk cannot be used. The message names the file and the way out, never its content. */
export class AuthorityError extends Error {
  override readonly name = "AuthorityError";
}

const KEY_MODE = 0o600;
const CERTIFICATE_MODE = 0o644;
/** A server certificate is replaced when less than this is left of it: a third of its year. */
const RENEW_BEFORE_MS = 122 * 86_400_000;

/**
 * Loads the fleet's keys, or makes them on the first start.
 *
 * `ca.crt` is written last of what cannot be replaced, so a first start that was cut short is one without it: what it left
 * is completed. With `ca.crt` in place, or after anything was enrolled, a missing key is a loss and is refused.
 *
 * @throws {AuthorityError} if keys are missing, malformed or do not belong together.
 */
export async function loadOrCreateAuthority(options: AuthorityOptions): Promise<Authority> {
  const file = filesOf(options);
  const isCreated = await exists(file.caCertificate);
  if (!isCreated && options.hasEnrolments) throw lost(file.caCertificate);
  const make = <T>(path: string, create: () => T): () => T => () => {
    if (isCreated) throw lost(path);
    return create();
  };
  const masterKey = await loadMasterKey(file.masterKey, make(file.masterKey, randomMasterKey));
  const signingPem = await loadOrWrite(
    file.signingKey,
    make(file.signingKey, () => Promise.resolve(generateEd25519().privateKeyPem)),
  );
  const signer = within(file.signingKey, () => loadSigner(signingPem));
  const caKeys = await loadKeyPair(file.caKey, make(file.caKey, generateKeyPair));
  // Lost with its certificate intact it would only cost a new pin, but then something is wrong that must be looked at.
  const serverKeys = await loadKeyPair(file.serverKey, make(file.serverKey, generateKeyPair));
  const caPem = await loadOrWrite(file.caCertificate, async () => {
    const id = crypto.randomUUID().slice(0, 8);
    const made = await issueAuthorityCertificate(caKeys.pair, `Vigo CA ${id}`, options.now());
    return made.toString("pem");
  }, CERTIFICATE_MODE);
  const certificate = within(file.caCertificate, () => new X509Certificate(caPem));
  const issuer: Issuer = { certificate, privateKey: caKeys.pair.privateKey };
  await assertSameKey(certificate, caKeys.pair.publicKey, file.caCertificate, file.caKey);

  const names = serverNames(options);
  const server = {
    key: serverKeys,
    issue: async () => {
      const issued = await issueServerCertificate(
        issuer,
        serverKeys.pair.publicKey,
        names,
        options.now(),
      );
      await writeFileDurable(file.serverCertificate, issued.pem, { mode: CERTIFICATE_MODE });
      return new X509Certificate(issued.pem);
    },
  };
  const kept = await readServerCertificate(file.serverCertificate);
  const isUsable = kept !== undefined &&
    await isServerCertificateFor(kept, issuer, serverKeys.pair, names);
  let current = isUsable ? kept : await server.issue();
  const authority: Authority = {
    caCertificate: caPem,
    caNotAfterMs: certificate.notAfter.getTime(),
    signer,
    get serverIdentity() {
      return { certificate: current.toString("pem"), privateKey: serverKeys.pem };
    },
    get serverNotAfterMs() {
      return current.notAfter.getTime();
    },
    serverKeyPin: await publicKeyPin(serverKeys.pair.publicKey),
    deriveKey: (purpose) => deriveKey(masterKey, purpose),
    issueEnvoyCertificate: (publicKey, identity) =>
      issueEnvoyCertificate(issuer, publicKey, identity, options.now()),
    renewServerCertificate: async () => {
      if (current.notAfter.getTime() - options.now() > RENEW_BEFORE_MS) return false;
      current = await server.issue();
      return true;
    },
  };
  await authority.renewServerCertificate();
  return authority;
}

function filesOf({ tlsFolder, secretsFolder }: AuthorityOptions) {
  return {
    caKey: join(tlsFolder, "ca.key"),
    caCertificate: join(tlsFolder, "ca.crt"),
    serverKey: join(tlsFolder, "server.key"),
    serverCertificate: join(tlsFolder, "server.crt"),
    signingKey: join(tlsFolder, "signing.key"),
    masterKey: join(secretsFolder, "master.key"),
  };
}

function lost(path: string): AuthorityError {
  return new AuthorityError(
    `Refusing to start: "${path}" is missing, but this fleet has been set up. Restore it from a backup; new keys would cut off every envoy`,
  );
}

async function loadOrWrite(
  path: string,
  create: () => Promise<string>,
  mode = KEY_MODE,
): Promise<string> {
  const kept = await readIfPresent(path);
  if (kept !== undefined) return kept;
  const made = await create();
  await writeFileDurable(path, made, { mode });
  return made;
}

async function loadMasterKey(path: string, create: () => Promise<string>): Promise<Uint8Array> {
  const masterKey = parseMasterKey(await loadOrWrite(path, create));
  if (!masterKey) {
    throw new AuthorityError(
      `Cannot read "${path}": it is not ${MASTER_KEY_BYTES} bytes as hex. Restore it from a backup`,
    );
  }
  return masterKey;
}

function randomMasterKey(): Promise<string> {
  return Promise.resolve(crypto.getRandomValues(new Uint8Array(MASTER_KEY_BYTES)).toHex());
}

interface LoadedKeyPair {
  readonly pair: CryptoKeyPair;
  /** PKCS#8. */
  readonly pem: string;
}

async function loadKeyPair(
  path: string,
  create: () => Promise<CryptoKeyPair>,
): Promise<LoadedKeyPair> {
  const pem = await loadOrWrite(path, async () => {
    const { privateKey } = await create();
    return PemConverter.encode(await crypto.subtle.exportKey("pkcs8", privateKey), "PRIVATE KEY");
  });
  try {
    const [der] = PemConverter.decode(pem);
    if (!der) throw new TypeError("no PEM block");
    const privateKey = await crypto.subtle.importKey("pkcs8", der, KEY_ALGORITHM, true, ["sign"]);
    const { d: _private, key_ops: _use, ...point } = await crypto.subtle.exportKey(
      "jwk",
      privateKey,
    );
    const publicKey = await crypto.subtle.importKey("jwk", point, KEY_ALGORITHM, true, ["verify"]);
    return { pair: { privateKey, publicKey }, pem };
  } catch {
    // Its cause could quote key material.
    throw new AuthorityError(
      `Cannot read "${path}": it is not a PKCS#8 key over P-256. Restore it from a backup`,
    );
  }
}

async function assertSameKey(
  certificate: X509Certificate,
  key: CryptoKey,
  certificatePath: string,
  keyPath: string,
): Promise<void> {
  if (await publicKeyPin(await certificate.publicKey.export()) === await publicKeyPin(key)) return;
  throw new AuthorityError(
    `Refusing to start: "${certificatePath}" and "${keyPath}" do not belong together. Restore both from one backup`,
  );
}

async function readServerCertificate(path: string): Promise<X509Certificate | undefined> {
  const pem = await readIfPresent(path);
  return pem === undefined ? undefined : within(path, () => new X509Certificate(pem));
}

/** Whether a certificate was made by this CA for this key and for exactly these names. */
async function isServerCertificateFor(
  certificate: X509Certificate,
  issuer: Issuer,
  keys: CryptoKeyPair,
  names: readonly string[],
): Promise<boolean> {
  if (!await certificate.verify({ publicKey: issuer.certificate, signatureOnly: true })) {
    return false;
  }
  const pin = await publicKeyPin(await certificate.publicKey.export());
  return pin === await publicKeyPin(keys.publicKey) &&
    certificateNames(certificate).join() === [...names].sort().join();
}

function certificateNames(certificate: X509Certificate): string[] {
  const extension = certificate.getExtension(SubjectAlternativeNameExtension);
  return (extension?.names.items ?? []).map(({ value }) => value.toLowerCase()).sort();
}

function within<T>(path: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    throw new AuthorityError(`Cannot read "${path}": it is malformed. Restore it from a backup`, {
      cause,
    });
  }
}

async function readIfPresent(path: string): Promise<string | undefined> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

async function exists(path: string): Promise<boolean> {
  return await readIfPresent(path) !== undefined;
}

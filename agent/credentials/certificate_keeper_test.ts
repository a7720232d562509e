import "reflect-metadata";
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { createPrivateKey, X509Certificate } from "node:crypto";
import * as x509 from "@peculiar/x509";
import { generateEd25519, loadVerifier } from "../../shared/crypto/ed25519.ts";
import {
  RenewCertificateRequest,
  RenewCertificateResponse,
  type SignedRequest,
} from "../../shared/proto/agent.ts";
import type { TlsIdentity } from "../../shared/platform/client_certificate_probe.ts";
import { TemporaryRoot } from "../../tests/support/temporary_root.ts";
import { makeKeyAndRequest } from "../enroll/make_csr.ts";
import { certificateHostname, certificateLifetime, readEnrolment } from "../store/identity.ts";
import { CertificateKeeper } from "./certificate_keeper.ts";
import { fakeGateway } from "../server_link/fake_gateway.ts";
import { fakeLog } from "../runtime/fake_log.ts";
import type { CallOutcome } from "../server_link/server_gateway.ts";
import { SignedCaller } from "../server_link/signed_caller.ts";

const DAY_MS = 86_400_000;
/** Certificates here live for 90 days from this moment. */
const BORN_MS = Date.UTC(2026, 0, 1);
const LIFE_MS = 90 * DAY_MS;
const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;
const UUID = crypto.randomUUID();

/** A certificate for the key of a request, as the server makes one. */
async function issue(csr: Uint8Array, hostname: string, bornMs: number) {
  const keys = await crypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: crypto.randomUUID().replaceAll("-", ""),
    subject: `CN=${hostname}`,
    issuer: "CN=a fleet",
    notBefore: new Date(bornMs),
    notAfter: new Date(bornMs + LIFE_MS),
    signingKey: keys.privateKey,
    publicKey: new x509.Pkcs10CertificateRequest(new Uint8Array(csr)).publicKey,
    signingAlgorithm: ALGORITHM,
    extensions: [new x509.SubjectAlternativeNameExtension([{ type: "dns", value: hostname }])],
  });
  return new Uint8Array(certificate.rawData);
}

function pemOf(der: Uint8Array): string {
  return new X509Certificate(der).toString();
}

/** A keeper of "web-1" whose server is a function, at a moment of the certificate's life. */
class Rig implements AsyncDisposable {
  readonly log = fakeLog();
  /** What happened, in order. */
  readonly events: string[] = [];
  asked = 0;
  nowMs = BORN_MS;
  answer: (csr: Uint8Array) => Promise<Uint8Array> = (csr) => issue(csr, "web-1", this.nowMs);

  private constructor(
    readonly folder: TemporaryRoot,
    readonly first: TlsIdentity,
  ) {}

  static async create(): Promise<Rig> {
    const { privateKeyPem, csr } = await makeKeyAndRequest("web-1");
    const certificate = pemOf(await issue(csr, "web-1", BORN_MS));
    return new Rig(await TemporaryRoot.create(), { certificate, privateKey: privateKeyPem });
  }

  /** One keeper for the whole test. */
  keeper(): CertificateKeeper {
    const signer = generateEd25519().signer;
    const gateway = {
      ...fakeGateway({}),
      call: async (_method: string, request: SignedRequest): Promise<CallOutcome<Uint8Array>> => {
        this.asked++;
        const { csr } = RenewCertificateRequest.decode(request.body);
        try {
          const certificate = Buffer.from(await this.answer(csr));
          const value = RenewCertificateResponse.encode({ certificate }).finish();
          return { ok: true, value };
        } catch (error) {
          return { ok: false, failure: { message: String(error), clockSuspected: false } };
        }
      },
      useIdentity: ({ certificate }: TlsIdentity) => {
        const onDisk = Deno.readTextFileSync(this.file).includes(certificate.trim());
        this.events.push(`the connection uses one that is ${onDisk ? "" : "not "}on disk`);
      },
    };
    return new CertificateKeeper({
      identity: {
        envoyUuid: UUID,
        hostname: "web-1",
        signer,
        tls: this.first,
        ca: "",
        serverVerifier: loadVerifier(signer.publicKey),
      },
      configFolder: this.folder.path,
      rest: "https://127.0.0.1:1",
      caller: new SignedCaller({
        gateway,
        envoyUuid: UUID,
        signer,
        serverVerifier: loadVerifier(signer.publicKey),
        clockOffsetMs: 0,
        nowMs: () => this.nowMs,
        onClockOffset: () => {},
      }),
      gateway,
      log: this.log,
      nowMs: () => this.nowMs,
      onRenewed: () => this.events.push("it is told"),
    });
  }

  get file(): string {
    return this.folder.join("client.pem");
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.folder[Symbol.asyncDispose]();
  }
}

Deno.test("a certificate is renewed at two thirds of its life, and not before", async () => {
  await using rig = await Rig.create();
  const keeper = rig.keeper();
  rig.nowMs = BORN_MS + 60 * DAY_MS - 1;
  await keeper.renewIfDue(false);
  assert.equal(rig.asked, 0);
  rig.nowMs += 1;
  await keeper.renewIfDue(false);
  assert.equal(rig.asked, 1);
  assert.equal(keeper.notAfterMs, rig.nowMs + LIFE_MS);
  assert.deepEqual(certificateLifetime(keeper.tls.certificate).notBeforeMs, rig.nowMs);
});

Deno.test("a server that asks for a renewal is heard at any time", async () => {
  await using rig = await Rig.create();
  const keeper = rig.keeper();
  await keeper.renewIfDue(true);
  assert.equal(rig.asked, 1);
  assert.notEqual(keeper.tls.certificate, rig.first.certificate);
});

Deno.test("a new certificate is on disk, with its key, before anything uses it", async () => {
  await using rig = await Rig.create();
  const keeper = rig.keeper();
  await keeper.renewIfDue(true);
  assert.deepEqual(rig.events, ["the connection uses one that is on disk", "it is told"]);
  const kept = await Deno.readTextFile(rig.file);
  const middle = kept.indexOf("-----BEGIN CERTIFICATE");
  const certificate = new X509Certificate(kept.slice(middle));
  assert.ok(certificate.checkPrivateKey(createPrivateKey(kept.slice(0, middle))));
  assert.equal(((await Deno.stat(rig.file)).mode ?? 0) & 0o777, 0o600);
});

Deno.test("a certificate for another key is refused, and the present one stays", async () => {
  await using rig = await Rig.create();
  const keeper = rig.keeper();
  rig.answer = async () => issue((await makeKeyAndRequest("web-1")).csr, "web-1", rig.nowMs);
  await keeper.renewIfDue(true);
  assert.equal(keeper.tls, rig.first);
  assert.deepEqual(rig.events, []);
  assert.match(
    rig.log.lines.join(),
    /^warn: certificate could not be renewed and stays: .*another/,
  );
  await assert.rejects(Deno.stat(rig.file), Deno.errors.NotFound);
});

Deno.test("what is no certificate leaves the present one in use", async () => {
  await using rig = await Rig.create();
  const keeper = rig.keeper();
  rig.answer = () => Promise.resolve(Uint8Array.of(1, 2, 3));
  await keeper.renewIfDue(true);
  assert.equal(keeper.tls, rig.first);
  assert.match(rig.log.lines.join(), /^warn: certificate could not be renewed and stays: /);
});

Deno.test("a renewal that failed is tried again after a minute, and no sooner", async () => {
  await using rig = await Rig.create();
  const keeper = rig.keeper();
  rig.nowMs = BORN_MS + 70 * DAY_MS;
  rig.answer = () => Promise.reject(new Error("the server is busy"));
  await keeper.renewIfDue(false);
  rig.nowMs += 59_999;
  await keeper.renewIfDue(false);
  await keeper.renewIfDue(true);
  assert.equal(rig.asked, 1);
  rig.nowMs += 1;
  await keeper.renewIfDue(false);
  assert.equal(rig.asked, 2);
});

Deno.test("a certificate for another name renames the envoy, for the next start too", async () => {
  await using rig = await Rig.create();
  const keeper = rig.keeper();
  rig.answer = (csr) => issue(csr, "app-1", rig.nowMs);
  await keeper.renewIfDue(true);
  assert.equal(keeper.hostname, "app-1");
  assert.equal(certificateHostname(keeper.tls.certificate), "app-1");
  assert.deepEqual(await readEnrolment(rig.folder.path), { envoyUuid: UUID, hostname: "app-1" });
});

Deno.test("an expired certificate is not offered: nobody on the agents' listener would take it", async () => {
  await using rig = await Rig.create();
  const keeper = rig.keeper();
  rig.nowMs = BORN_MS + LIFE_MS;
  assert.ok(keeper.isExpired());
  await keeper.renewIfDue(false);
  assert.equal(rig.asked, 0);
  assert.equal(keeper.tls, rig.first);
  assert.match(rig.log.lines.join(), /^error: certificate could not be renewed: /);
});

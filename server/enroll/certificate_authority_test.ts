import "reflect-metadata";
import { X509Certificate } from "@peculiar/x509";
import assert from "node:assert/strict";
import { readEnvoyIdentity } from "../../shared/crypto/envoy_identity.ts";
import { TemporaryRoot } from "../../tests/support/temporary_root.ts";
import {
  AuthorityError,
  type AuthorityOptions,
  loadOrCreateAuthority,
} from "./certificate_authority.ts";
import { generateKeyPair } from "./certificates.ts";

const DAY_MS = 86_400_000;

async function folders(root: TemporaryRoot): Promise<AuthorityOptions> {
  await Deno.mkdir(root.join("tls"));
  await Deno.mkdir(root.join("secrets"));
  return {
    tlsFolder: root.join("tls"),
    secretsFolder: root.join("secrets"),
    hostname: "vigo-1",
    sans: ["vigo.example.com"],
    addresses: ["192.0.2.1", "2001:db8:0:0::1"],
    hasEnrolments: false,
    now: () => Date.now(),
  };
}

const KEY_FILES = ["tls/ca.key", "tls/server.key", "tls/signing.key", "secrets/master.key"];

Deno.test("the first start makes keys that only their owner may read, and the second finds them", async () => {
  await using root = await TemporaryRoot.create();
  const options = await folders(root);
  const first = await loadOrCreateAuthority(options);
  for (const name of KEY_FILES) {
    const { mode } = await Deno.stat(root.join(name));
    assert.equal((mode ?? 0) & 0o777, 0o600, name);
  }
  const second = await loadOrCreateAuthority({ ...options, hasEnrolments: true });
  assert.equal(second.caCertificate, first.caCertificate);
  assert.deepEqual(second.signer.publicKey, first.signer.publicKey);
  assert.deepEqual(second.serverIdentity, first.serverIdentity);
  assert.deepEqual(second.deriveKey("a"), first.deriveKey("a"));
  assert.notDeepEqual(first.deriveKey("a"), first.deriveKey("b"));
});

Deno.test("the server's certificate names localhost, addresses, hostname and tls_sans", async () => {
  await using root = await TemporaryRoot.create();
  const { serverIdentity } = await loadOrCreateAuthority(await folders(root));
  const text = new X509Certificate(serverIdentity.certificate).toString("text");
  for (const name of ["localhost", "127.0.0.1", "192.0.2.1", "vigo-1", "vigo.example.com"]) {
    assert.ok(text.includes(name), name);
  }
});

Deno.test("new names bring a new server certificate over the same key; old ones keep it", async () => {
  await using root = await TemporaryRoot.create();
  const options = await folders(root);
  const first = await loadOrCreateAuthority(options);
  const second = await loadOrCreateAuthority({ ...options, sans: ["other.example.com"] });
  assert.notEqual(second.serverIdentity.certificate, first.serverIdentity.certificate);
  assert.equal(second.serverKeyPin, first.serverKeyPin);
});

Deno.test("the server's certificate renews itself in the last third of its year, over the same key", async () => {
  await using root = await TemporaryRoot.create();
  const options = await folders(root);
  let nowMs = Date.now();
  const authority = await loadOrCreateAuthority({ ...options, now: () => nowMs });
  const before = authority.serverNotAfterMs;
  assert.equal(await authority.renewServerCertificate(), false);
  nowMs += 250 * DAY_MS;
  assert.equal(await authority.renewServerCertificate(), true);
  assert.ok(authority.serverNotAfterMs > before);
  const reloaded = await loadOrCreateAuthority({ ...options, now: () => nowMs });
  assert.equal(reloaded.serverNotAfterMs, authority.serverNotAfterMs);
});

Deno.test("a first start that was cut short anywhere is completed, keeping the keys it had made", async () => {
  const written = ["secrets/master.key", "tls/signing.key", "tls/ca.key", "tls/server.key"];
  for (let cut = 0; cut <= written.length; cut++) {
    await using root = await TemporaryRoot.create();
    const options = await folders(root);
    await loadOrCreateAuthority(options);
    const kept = new Map<string, string>();
    for (const [index, name] of [...written, "tls/ca.crt", "tls/server.crt"].entries()) {
      if (index < cut) kept.set(name, await Deno.readTextFile(root.join(name)));
      else await Deno.remove(root.join(name));
    }
    await loadOrCreateAuthority(options);
    for (const [name, text] of kept) {
      assert.equal(await Deno.readTextFile(root.join(name)), text, name);
    }
  }
});

Deno.test("a key that is missing from a fleet that was set up is refused, and nothing is made anew", async () => {
  for (const name of KEY_FILES) {
    await using root = await TemporaryRoot.create();
    const options = await folders(root);
    await loadOrCreateAuthority(options);
    await Deno.remove(root.join(name));
    await assert.rejects(loadOrCreateAuthority(options), (error) => {
      assert.ok(error instanceof AuthorityError);
      assert.match(error.message, new RegExp(`${name}" is missing.*Restore it from a backup`));
      return true;
    });
    await assert.rejects(Deno.stat(root.join(name)), Deno.errors.NotFound);
  }
});

Deno.test("with envoys enrolled, an empty folder is a loss and not a first start", async () => {
  await using root = await TemporaryRoot.create();
  const options = await folders(root);
  await assert.rejects(
    loadOrCreateAuthority({ ...options, hasEnrolments: true }),
    /ca.crt" is missing, but this fleet has been set up/,
  );
  assert.deepEqual(await Array.fromAsync(Deno.readDir(root.join("tls"))), []);
});

Deno.test("a key of another fleet, or one that is damaged, is refused without being quoted", async () => {
  await using root = await TemporaryRoot.create();
  await using other = await TemporaryRoot.create();
  const options = await folders(root);
  await loadOrCreateAuthority(options);
  await loadOrCreateAuthority(await folders(other));
  await Deno.copyFile(other.join("tls/ca.key"), root.join("tls/ca.key"));
  await assert.rejects(loadOrCreateAuthority(options), /do not belong together/);
  await Deno.writeTextFile(root.join("tls/ca.key"), "damaged-key-text");
  await assert.rejects(loadOrCreateAuthority(options), (error) => {
    assert.ok(error instanceof AuthorityError);
    assert.ok(!error.message.includes("damaged-key-text"));
    return true;
  });
});

Deno.test("an envoy's certificate lives from 24 h ago for 90 days and binds its identity", async () => {
  await using root = await TemporaryRoot.create();
  const nowMs = Math.floor(Date.now() / 1000) * 1000;
  const authority = await loadOrCreateAuthority({ ...await folders(root), now: () => nowMs });
  const identity = {
    uuid: crypto.randomUUID(),
    hostname: `${"a".repeat(60)}.${"b".repeat(60)}.example.com`,
    signingKey: "cd".repeat(32),
  };
  const { publicKey } = await generateKeyPair();
  const issued = await authority.issueEnvoyCertificate(publicKey, identity);
  assert.equal(issued.notBeforeMs, nowMs - DAY_MS);
  assert.equal(issued.notAfterMs, nowMs + 90 * DAY_MS);
  assert.deepEqual(readEnvoyIdentity(issued.der), { ok: true, identity });
  const ca = new X509Certificate(authority.caCertificate);
  assert.ok(await new X509Certificate(issued.pem).verify({ publicKey: ca }));
});
